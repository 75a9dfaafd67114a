"""Bold and italic follow the printed numbers, and claims of every kind treat a tie in one way."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.tables.cells import (
    CELL_COLUMNS,
    Sample,
    mark_best,
    mark_changes,
    plain_cell,
    printed,
    summarise,
)
from tests.reporting.entries import B

SHARES = st.builds(lambda k, n: min(k, n) / n, st.integers(0, 5000), st.integers(1, 5000))
HALVES = st.integers(0, 2000).map(lambda k: k / 2000)  # every other one lies between two decimals
ONE = B | {"checkpoint": "last"}
GIVEN = ONE | {
    "class": "sitting",
    "classes": ["sitting", "standing"],
    "answer": "walking",
    **dict.fromkeys(("at_least", "threshold", "margin"), 0.3),
    "metric": "top_1",
    "expected": "greater",
    "option": "hidden",
    "best": {"hidden": 5},
    **{key: {"hidden": 5} for key in ("effect_of", "against", "at", "elsewhere")},
    "left": ONE,
    "right": ONE,
}


def cells(values):
    rows = [
        plain_cell("top_1") | {"statistic": "mean", "value": v, "n": 3, "replicates": 3}
        for v in values
    ]
    return pd.DataFrame(rows, columns=list(CELL_COLUMNS))


@example([9 / 720, 0.013])
@given(st.lists(st.one_of(SHARES, HALVES, st.sampled_from([9 / 720, 0.013])), min_size=2))
def test_the_bold_cells_of_a_column_are_those_that_print_its_highest_number(values):
    texts = [printed(value) for value in values]
    highest = max(texts, key=float)
    marks = mark_best(cells(values))["mark"].tolist()
    assert marks == ["bold" if text == highest else "" for text in texts]


@example(9 / 720, 0.013)
@given(st.one_of(SHARES, HALVES), st.one_of(SHARES, HALVES))
def test_a_change_is_marked_where_the_printed_numbers_differ(before, after):
    samples = [
        Sample({}, group, "top_1", pd.DataFrame({"replicate": [0], "value": [value]}), 1, 0, False)
        for group, value in (("before", before), ("after", after))
    ]
    marked = mark_changes(summarise(samples, []), samples, "before", "after")
    change = float(printed(after)) - float(printed(before))
    expected = "bold" if change > 0 else "italic" if change < 0 else ""
    assert marked["mark"].iloc[1] == expected
    assert (expected == "") == (printed(before) == printed(after))


@pytest.mark.parametrize("value", [-0.0, -0.0004, 1e-9])
def test_nothing_is_printed_as_minus_zero(value):
    assert printed(value) == "0.000"


def claim(kind):
    """Return a claim of a kind, from those of the given keys that it has."""
    fields = ClaimSpec.kinds[kind].model_fields
    needed = {field.alias or name for name, field in fields.items() if field.is_required()}
    known = needed | {"checkpoint"} & set(fields)
    return ClaimSpec.read(
        {"statement": "S", "kind": kind} | {k: GIVEN[k] for k in known & set(GIVEN)}
    )


@pytest.mark.parametrize("kind", ClaimSpec.kinds)
def test_a_single_value_on_the_threshold_is_judged_as_equal_replicates_are(kind):
    spec = claim(kind)
    reached = kind in ("recall", "confused_pair")  # whose key is `at_least`
    assert spec.holds(0.1 + 0.2, 0.3) is reached
    assert spec.holds(0.3 - 1e-15, 0.3) is reached


@pytest.mark.parametrize("kind", ClaimSpec.kinds)
def test_a_single_value_beyond_the_threshold_is_on_its_side(kind):
    spec = claim(kind)
    inside = kind in ("equivalence", "straight")
    assert spec.holds(0.3 + 1e-6, 0.3) is not inside
    assert spec.holds(0.3 - 1e-6, 0.3) is inside
