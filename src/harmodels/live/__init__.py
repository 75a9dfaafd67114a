"""One file that runs a trained network in a browser, on the phone's sensor or a CSV file.

`page.html`, `page.css` and the scripts are put together with the weights; see docs/live.md. The
scripts are `network.js` (the network), `windows.js` (another rate, filter, windows), `files.js` and
`form.js` to `joined.js` (ports of `harmodels.data.reading`), `blocks.js`, `look.js` and `axes.js`
(of `harmodels.data.look`), `drawing.js` and `page.js`.
"""

from harmodels.live.page import write_live_page

__all__ = ["write_live_page"]
