"""Accuracy by the way of splitting: the table, the figure and their specification."""

import numpy as np
import pandas as pd
import pytest

from harmodels.config.experiments import Configuration, Experiment
from harmodels.errors import ConfigurationError
from harmodels.evaluation.people import difference_over_people, difference_over_seeds_and_people
from harmodels.evaluation.statistics import Interval, difference_of_intervals
from harmodels.reporting.checks import Known
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.tables import TableSpec
from harmodels.reporting.tables.protocols import ADDED, EVERYONE, RANDOM, SUBJECTS
from tests.reporting.entries import build_table, draw_figure, entry, printed

CONFIGURATION = Configuration("hidden=50", {"hidden": 50}, {"hidden": 50})
WAYS = ("random", "subjects", "everyone")
ACCURACIES = {"random": (0.9, 1.0), "subjects": (0.6, 0.7), "everyone": (0.5, 0.5)}
PEOPLE = pd.DataFrame(
    {"id": [f"test/{i}" for i in range(10)], "subject": ["1"] * 3 + ["2"] * 3 + ["3"] * 4}
)
SPEC = entry("protocols") | {
    way: [{"experiment": f"gru_{way}", "checkpoint": "last", "title": "GRU"}] for way in WAYS
}


@pytest.fixture
def runs(runs_with):
    runs = {}
    for way in WAYS:
        accuracies = {50: {"last": dict(enumerate(ACCURACIES[way]))}}
        runs |= runs_with(accuracies, f"gru_{way}", replicates=2)
    return runs


def test_a_row_a_model_and_a_column_a_way_of_splitting(runs):
    cells = build_table(SPEC, runs, subjects=PEOPLE).cells.set_index("group")
    assert list(cells.index) == [RANDOM, SUBJECTS, EVERYONE, ADDED]
    assert set(cells["model"]) == {"GRU"}
    np.testing.assert_allclose(cells["value"], [0.95, 0.65, 0.5, 0.45])
    assert cells["subjects"].tolist() == [3, 3, 3, 3]


def test_what_random_windows_add_is_paired_in_people(runs):
    groups = build_table(SPEC, runs, subjects=PEOPLE).cells.set_index("group")
    sides = [
        people_of_measure(run, "top_1", "last", "test", PEOPLE)["people"]
        for run in (runs["gru_random"][0], runs["gru_everyone"][0])
    ]
    widths = [
        difference(*sides).half_width
        for difference in (difference_over_people, difference_over_seeds_and_people)
    ]
    added = groups.loc[ADDED]
    assert (added["high"] - added["low"]) / 2 == pytest.approx(max(widths))
    assert added["low"] < 0.45 < added["high"]


def test_without_names_of_people_the_difference_follows_from_the_two_intervals(runs):
    cells = build_table(SPEC, runs).cells.set_index("group")
    assert set(cells["interval"]) == {"seeds"}
    first, last = (
        Interval(*cells.loc[group, ["value", "low", "high"]], n=2) for group in (RANDOM, EVERYONE)
    )
    found = difference_of_intervals(first, last)
    added = cells.loc[ADDED]
    assert (added["low"], added["high"]) == pytest.approx((found.low, found.high))


def test_the_interval_of_a_difference_is_newcombes():
    # table II of Newcombe (1998), method 10 without continuity correction: 56/70 against 48/80
    found = difference_of_intervals(
        Interval(0.8, 0.6918, 0.8771, 70), Interval(0.6, 0.4904, 0.7006, 80)
    )
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-4)


def test_the_printed_table_has_all_columns(runs):
    text = printed(SPEC, runs, subjects=PEOPLE)
    for heading in (RANDOM, SUBJECTS, EVERYONE, ADDED):
        assert heading in text
    assert "0.450" in text


def test_the_figure_shows_each_person_and_each_way(runs):
    figure = draw_figure({**SPEC, "kind": "protocol_dots"}, runs, PEOPLE)
    (axes,) = figure.axes
    first, *_ = (dots for dots in axes.collections if hasattr(dots, "get_sizes"))
    assert len(first.get_offsets()) == 3
    shown = [line.get_xdata()[0] for line in axes.lines]
    np.testing.assert_allclose(shown, [0.95, 0.65, 0.5])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [RANDOM, SUBJECTS, EVERYONE]


@pytest.mark.parametrize(
    ("spec", "kind"), [(TableSpec, "protocols"), (FigureSpec, "protocol_dots")]
)
def test_ways_of_splitting_without_the_same_models_are_refused(spec, kind, tmp_path):
    other = SPEC | {"kind": kind, "everyone": [SPEC["everyone"][0] | {"title": "LSTM"}]}
    known = {
        name: Experiment(name, name, "recurrent", "sequences", True, {"hidden=50": CONFIGURATION})
        for name in (f"gru_{way}" for way in WAYS)
    }
    with pytest.raises(ConfigurationError, match="the same titles in the same order"):
        spec.read(other).check(Known(known, list(known), {}, tmp_path))
