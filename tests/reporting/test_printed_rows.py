"""How near readings of a report come to its printed rows."""

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ConfigurationError
from harmodels.reporting.tables import TableSpec
from harmodels.reporting.tables.markdown import markdown_table
from tests.reporting.entries import build_table, entry

PRINTED = {"p.csv": pd.DataFrame({"hidden": [50, 100], "top1": [0.5, 0.9], "top2": [1.0, 1.0]})}
ROWS = [
    {"experiment": "a", "title": "One"},
    {"experiment": "b", "where": {"hidden": 100}, "title": "Two"},
    {"experiment": "a", "where": {"hidden": 50}, "title": "Two"},
]
ENTRY = entry("printed_rows", published="p.csv", checkpoint="last", experiments=ROWS)


@pytest.fixture
def runs(runs_with):
    """Make two experiments of two printed configurations and one that the report does not print."""
    levels = {"a": {50: 0.5, 100: 0.5, 200: 0.1}, "b": {50: 0.1, 100: 0.9}}

    def of(name):
        spread = 0.1 * np.arange(-1, 2)
        runs = {h: level + (level > 0.1) * spread for h, level in levels[name].items()}
        return runs_with({h: {"last": dict(enumerate(a))} for h, a in runs.items()}, name)

    return of("a") | of("b")


def values(table, row, column="value"):
    return table.cells.query("experiment == @row").set_index("measure")[column]


def test_a_row_counts_what_is_printed_and_what_lies_inside_our_intervals(runs):
    table = build_table(ENTRY, runs, PRINTED)
    one, two = values(table, "One"), values(table, "Two")
    assert table.cells.set_index("experiment")["printed_rows"].to_dict() == {"One": 2, "Two": 2}
    assert one["top_1"] == pytest.approx(0.5)
    assert values(table, "One", "published")["top_1"] == pytest.approx(0.7)
    assert one["printed_inside"] == 0.5  # 0.5 is inside [0.4, 0.6], 0.9 is not
    assert one["printed_distance"] == pytest.approx((0.2 / 3 + 0.4) / 2)
    assert two["printed_inside"] == 1.0
    assert two["printed_distance"] == pytest.approx(0.2 / 3)
    assert "0.500 (0.700)" not in markdown_table(table)  # the interval stands between them
    assert "(0.700)" in markdown_table(table)


def test_a_printed_number_that_all_replicates_have_lies_inside(runs_with):
    runs = runs_with({50: {"last": dict.fromkeys(range(3), 0.3)}}, "a")
    printed = {"p.csv": pd.DataFrame({"hidden": [50], "top1": [0.1 + 0.2]})}
    rows = [{"experiment": "a", "title": "One"}]
    table = build_table(ENTRY | {"experiments": rows}, runs, printed)
    assert values(table, "One")["printed_inside"] == 1.0


def test_selections_of_one_title_are_one_row(runs):
    assert list(values(build_table(ENTRY, runs, PRINTED), "Two", "n")) == [3, 1, 3]


def test_a_reading_of_which_nothing_is_printed_is_refused(runs):
    rows = [{"experiment": "a", "where": {"hidden": 200}, "title": "Large"}]
    with pytest.raises(ConfigurationError, match=r"prints no configuration of the row 'Large'"):
        build_table(ENTRY | {"experiments": rows}, runs, PRINTED)


def test_it_needs_a_published_table():
    with pytest.raises(ConfigurationError, match="'published' is missing"):
        TableSpec.read({key: value for key, value in ENTRY.items() if key != "published"})


def test_without_replicates_there_is_no_interval_to_lie_inside(runs_with):
    runs = runs_with({50: {"last": {0: 0.5}}}, "a", replicates=1)
    cells = build_table(ENTRY | {"experiments": ROWS[:1]}, runs, PRINTED).cells
    numbers = cells.set_index("measure")["n"].to_dict()
    assert numbers == {"top_1": 1, "printed_inside": 0, "printed_distance": 1}
