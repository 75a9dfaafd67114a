"""docs/coverage.md names what exists, and leaves nothing out."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from harmodels.config.options import OPTIONS

ROOT = Path(__file__).parents[2]
REPORTS = ("rnn_tbptt", "rnn_minibatch", "mlp_features", "hand_actions")
PARTS = ("tables", "figures", "claims")
NAME = re.compile(r"`(tables|figures|claims|options)\.(\w+)`")
NEEDS_AN_ENTRY = {"regenerated": ("tables", "figures"), "claim": ("claims",)}
NEEDS_A_REASON = {"differs", "not tested"}


class Row(NamedTuple):
    report: str
    cells: list[str]

    @property
    def names(self):
        return [name for cell in self.cells for name in NAME.findall(cell)]


def _section(heading):
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    return re.split(r"^## ", page.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]


def _cells(text):
    """Return the cells of each row of the tables of a text, without head and rule."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [i for i, row in enumerate(rows) if set("".join(row)) <= set("-: ")]
    return [row for i, row in enumerate(rows) if i not in rules and i + 1 not in rules]


ROWS = [Row(report, cells) for report in REPORTS for cells in _cells(_section(f"`{report}`"))]
OURS = [Row(cells[0].strip("`"), cells) for cells in _cells(_section("Ours"))]


def _entries(report):
    path = ROOT / "config" / "reports" / f"{report}.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    loops = {config["training"]} | {e.get("training") for e in config["experiments"].values()}
    fields = {name for loop in loops - {None} for name in OPTIONS[loop].model_fields}
    return {part: set(config.get(part, ())) for part in PARTS} | {"options": fields}


def test_every_report_has_rows_of_five_cells():
    for report in REPORTS:
        rows = [row for row in ROWS if row.report == report]
        assert len(rows) > 40
        assert all(len(row.cells) == 5 for row in rows), report


def test_every_row_says_where_and_what_and_has_a_status_that_is_explained():
    head = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert {row.cells[2] for row in ROWS} == {cells[0].strip("`") for cells in _cells(head)}
    assert all(row.cells[0] and row.cells[1] for row in ROWS)


@pytest.mark.parametrize("report", [*REPORTS, "protocols"])
def test_what_is_named_exists_and_every_table_figure_and_claim_is_named(report):
    known = _entries(report)
    named = {name for row in (*ROWS, *OURS) if row.report == report for name in row.names}
    assert not [f"{part}.{name}" for part, name in named if name not in known[part]]
    assert not [f"{p}.{n}" for p in PARTS for n in sorted(known[p]) if (p, n) not in named]


def test_what_is_regenerated_or_a_claim_says_by_what_and_what_is_not_says_why():
    for row in ROWS:
        status, where, why = row.cells[2:5]
        parts = NEEDS_AN_ENTRY.get(status)
        assert not parts or any(part in parts for part, _ in NAME.findall(where)), row
        assert why or status not in NEEDS_A_REASON, row
        if status in {"method", "reading"}:
            assert NAME.search(where) or "](" in where, row
