"""The results of a release: copied to docs/results, and a table of two pages generated from them.

`python docs/site/results.py results` (`make release-results`) copies the tables, the ledgers and
the record of every report that is there, and renews the table in README and in findings; other
reports stay as they were released. Without an argument it only renews the two pages.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from harmodels.reporting.page.products import ADJUSTED
from harmodels.reporting.page.summary import verdict_counts

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "docs" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "findings.md")
FILES = (
    "*/*/tables/*.csv",
    "*/*/tables/*.md",
    "*/*/claims.csv",
    "*/*/claims.md",
    "*/*/runs/*/*/run.json",
    "report.provenance.json",
)
MISSING = "\N{EN DASH}"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


class Row(NamedTuple):
    """A row of the table: the best published model of a table, or of one of its blocks."""

    place: str
    what: str
    data: str
    table: str
    group: str = ""
    comparable: bool = True  # whether the published number is of the same kind of recordings


ROWS = (
    Row("rnn_tbptt/motionsense", "Table 1", "MotionSense, for the course's file", "table1"),
    Row(
        "rnn_minibatch/motionsense",
        "early stopping",
        "MotionSense, for the course's file",
        "early_stopping_test",
    ),
    Row("mlp_features/uci-har", "Table 1", "UCI HAR", "table1"),
    Row(
        "hand_actions/sfinge3d",
        "best of the hierarchy",
        "SFINGE 3D, 13 gestures",
        "hierarchy",
        "Hierarchy",
        comparable=False,
    ),
)


def release(results: Path, released: Path = RELEASED) -> None:
    """Replace the released tables, ledger and record of each report that `results` holds."""
    found = [path for pattern in FILES for path in sorted(results.glob(pattern))]
    if not found:
        raise SystemExit(f"there are no tables and ledgers in {results}; run `make report` first")
    for place in {Path(*path.relative_to(results).parts[:2]) for path in found}:
        shutil.rmtree(released / place, ignore_errors=True)
    for path in found:
        copy = released / path.relative_to(results)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def results_table(page: Path, released: Path = RELEASED) -> str:
    """Return the table of the reports that are there in Markdown, with links for a page."""
    lines = [
        "| report | data | published | ours | primary claims: hold, do not, undecided | others |",
        "| --- | --- | ---: | ---: | --- | --- |",
    ]
    ledgers = []
    for row in ROWS:
        folder = released / row.place
        if (folder / "claims.csv").is_file():
            ledgers.append(pd.read_csv(folder / "claims.csv"))
            name, place = row.place.partition("/")[0], f"docs/results/{row.place}"
            table = f"[{row.what}]({place}/tables/{row.table}.md)"
            primary, others = _verdicts(ledgers[-1])
            verdicts = (f"[{primary}]({place}/claims.md)", others)
            cells = [f"`{name}`, {table}", row.data, *_top_1(row, folder), *verdicts]
            lines.append(f"| {' | '.join(cells)} |")
    if ledgers:
        primary, others = _verdicts(pd.concat(ledgers))
        lines.append(f"| all | | | | {primary} | {others} |")
    text = "".join(f"{line}\n" for line in lines)
    return text if page.parent == ROOT else text.replace("(docs/", "(")


def renewed(text: str, table: str) -> str:
    """Return a page with the table between its marks replaced."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table + END + rest.split(END)[1]


def _top_1(row: Row, folder: Path) -> tuple[str, str]:
    """Return the published number and ours with its interval, a dash where there is none."""
    path = folder / "tables" / f"{row.table}.csv"
    if not path.is_file():
        return MISSING, MISSING
    cells = pd.read_csv(path)
    cells = cells[(cells["measure"] == "top_1") & (cells["statistic"] == "mean")]
    if row.group:
        cells = cells[cells["group"].fillna("").str.startswith(row.group)]
    published = cells["published"].notna().any()
    best = cells.loc[cells["published" if published else "value"].idxmax()]
    ours = f"{best['value']:.3f} [{best['low']:.3f}, {best['high']:.3f}]"
    return (f"{best['published']:.3f}" if published and row.comparable else MISSING), ours


def _verdicts(ledger: pd.DataFrame) -> tuple[str, str]:
    """Return how many primary and other claims hold, do not, and are undecided."""
    primary = ledger["family"] == "primary"
    return _counts(ledger[primary]), _counts(ledger[~primary])


def _counts(claims: pd.DataFrame) -> str:
    return ", ".join(map(str, verdict_counts(claims, ADJUSTED).values()))


if __name__ == "__main__":
    if sys.argv[1:]:
        release(Path(sys.argv[1]))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(renewed(text, results_table(page)), encoding="utf-8")
