"""One file that runs a trained network in a browser, on the phone's sensor or a CSV file.

`page.html`, `page.css` and the scripts `network.js` (the network), `recording.js` (samples, windows
and CSV files), `drawing.js` and `page.js` are put together with the weights; see docs/live.md.
"""

from harmodels.live.page import write_live_page

__all__ = ["write_live_page"]
