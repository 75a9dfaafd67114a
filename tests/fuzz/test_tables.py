"""Tables of text with damage in their rows: it costs these rows, or the file is refused."""

import numpy as np
import pytest

from harmodels.data.reading import table as module
from harmodels.data.reading.table import Table
from harmodels.errors import DataError
from tests.recording_cases import text as cases

pytestmark = pytest.mark.attack("damaged row of a table")

FRAGMENTS = (
    "\n",
    "\r",
    '"',
    ",",
    ";",
    "\t",
    " ",
    "\0",
    "#",
    "NaN",
    "\n\n",
    "'",
    "|",
    "-",
    ".",
    "9",
)
FRAGMENTS += ("x", '""', ' "', '",', "\n#a,b,c,d\n", "\nt,ax,ay,az\n", "\n%\n", "é")
OTHER_BYTES = ("utf_16", "gzip", "bz2", "xz", "zip", "time_is_the_index", "cp1252")
# Lines that are ended by carriage returns alone are so no more once there is a line feed.
OTHER_BYTES += ("carriage_returns",)
NAMES = [
    name
    for name, case in cases.CASES.items()
    if not (case.error or case.says or case.given.units or name.startswith(OTHER_BYTES))
    or name == "carriage_returns_and_line_feeds"
]
ROWS = {tuple(row) for row in np.column_stack([cases.TIMES, cases.VALUES]).round(6)}


def test_damage_costs_its_own_rows(drawn, tries, outcome, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 3000)
    path = tmp_path / "walk.csv"
    for _ in range(tries(60)):
        case = cases.CASES[drawn.choice(NAMES)]
        text = next(iter(case.files.values())).decode()
        first = max(text.find("0.40"), text.find("0,40"))
        for _ in range(2):
            place = drawn.randrange(first, len(text) + 1)
            text = text[:place] + drawn.choice(FRAGMENTS) + text[place:]
        path.write_bytes(text.encode())
        columns = list(case.given.columns.values())
        try:
            parts = [
                np.column_stack([batch.numbers(name) for name in columns])
                for batch in Table(path).batches(columns)
            ]
        except DataError:
            outcome("refused")
            continue
        table = np.concatenate(parts).round(6)
        found = {tuple(row) for row in table[np.isfinite(table).all(axis=1)]}
        assert len(ROWS - found) <= 6
        assert len(found - ROWS) <= 4
        outcome("read but for these rows")
