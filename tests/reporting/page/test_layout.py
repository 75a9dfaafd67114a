"""Tables as the page lays them out: settings in one column, results beside it, nothing empty."""

import pytest

from harmodels.reporting.page.layout import page_layout, row_text, settings_text
from harmodels.reporting.tables.layout import MISSING, lay_out
from tests.reporting.entries import build_table, entry, side

GRID = [{"learning_rate": 0.1, "hidden": h, "window": 30} for h in (50, 100)]
TOP_1 = {"checkpoint": "last", "measures": ["top_1"]}


@pytest.fixture
def table(runs_of):
    """Build a table of experiment b, and of c that knows another key."""

    def build(*grid, other=(), **options):
        runs = runs_of(*grid, **options)
        rows = [side()]
        if other:
            runs |= runs_of(*other, experiment="c", **options)
            rows.append({"experiment": "c"})
        return build_table(entry("top_k", TOP_1, experiments=rows), runs)

    return build


def test_settings_of_the_grid_are_one_column(table):
    layout = page_layout(table(*GRID))
    assert layout.keys == ["Configuration"]
    assert [keys for keys, _ in layout.rows] == [
        ["rate 0.1, 50 units, window 30"],
        ["rate 0.1, 100 units, window 30"],
    ]


def test_results_are_those_of_the_files(table):
    made = table(*GRID)
    assert [cells for _, cells in page_layout(made).rows] == [c for _, c in lay_out(made).rows]


def test_a_single_setting_keeps_its_heading_and_its_values(table):
    layout = page_layout(table({"hidden": 50}, {"hidden": 100}))
    assert layout.keys == ["Hidden units"]
    assert [keys for keys, _ in layout.rows] == [["50"], ["100"]]


def test_what_a_row_does_not_have_is_left_out(table):
    layout = page_layout(table({"hidden": 50}, other=[{"model": "linear_svm"}]))
    assert [keys for keys, _ in layout.rows] == [["50 units"], ["model linear svm"]]


def test_a_title_needs_no_word_beside_it():
    assert settings_text(["experiment", "hidden"], ["Small", "50"]) == "Small: 50 units"
    assert settings_text(["experiment", "hidden"], ["Small", MISSING]) == "Small"
    assert settings_text(["clip", "hidden"], [MISSING, MISSING]) == MISSING


def test_a_line_of_the_file_has_the_same_settings(table):
    made = table(*GRID)
    line = made.cells.to_dict("records")[0]
    assert row_text(made.keys, line) == "rate 0.1, 50 units, window 30"


def test_columns_without_a_value_are_left_out(table):
    lost = table({"hidden": 50}, replicates=2, diverged=(0, 1))
    assert [block.headings for block in lay_out(lost).blocks] == [["Top-1", "Diverged"]]
    layout = page_layout(lost)
    assert [block.headings for block in layout.blocks] == [["Diverged"]]
    assert [[cell.text for cell in cells] for _, cells in layout.rows] == [["2 of 2"]]


def test_a_caption_leaves_simulated_to_the_section(table):
    made = table({"hidden": 50}, simulated=True)
    assert "SIMULATED" in " ".join(lay_out(made).caption)
    assert "SIMULATED" not in " ".join(page_layout(made).caption)
