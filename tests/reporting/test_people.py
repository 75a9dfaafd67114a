"""Intervals of a table's cells over seeds and over people."""

import pandas as pd
import pytest

from harmodels.evaluation.classification import subject_accuracy
from harmodels.evaluation.people import accuracy_intervals, subject_counts
from harmodels.reporting.tables.markdown import markdown_table
from tests.reporting.entries import build_table
from tests.reporting.test_tables import BEST, TOP, TWO, cell


@pytest.fixture
def people():
    return pd.DataFrame({"id": [f"test/{i}" for i in range(10)], "subject": list("2224444999")})


def test_the_csv_holds_every_interval_and_the_widest_is_printed(runs_with, people):
    runs = runs_with({50: {"last": {0: 0.5, 1: 0.6, 2: 0.6}}})
    found = cell(build_table(TOP, runs, subjects=people))
    rows = runs["b"][0].predictions.query("checkpoint == 'last' and split == 'test'")
    expected = accuracy_intervals(subject_counts(subject_accuracy(rows, people)))
    for name, interval in expected._asdict().items():
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(interval[1:3]), name
    assert (found["low"], found["high"]) == pytest.approx(expected.wider[1:3])
    assert found["subjects"] == 3
    assert found["high"] - found["low"] > found["seeds_high"] - found["seeds_low"]


def test_one_replicate_has_an_interval_over_people(runs_with, people):
    runs = runs_with({50: {"last": {0: 0.5}}}, replicates=1)
    table = build_table(TOP, runs, subjects=people)
    assert cell(table)["interval"] == "people"
    assert "interval, that over the 3 people tested" in markdown_table(table)


def test_the_caption_says_where_the_data_set_names_no_subjects(runs_with, people):
    runs = runs_with({50: {"last": {0: 0.5, 1: 0.6}}})
    table = build_table(TOP, runs, subjects=people.assign(subject=""))
    assert cell(table)["interval"] == "seeds"
    assert cell(table)["subjects"] == 0
    assert "names no subjects" in markdown_table(table)
    assert "names no subjects" not in markdown_table(build_table(TOP, runs, subjects=people))


def test_an_improvement_of_one_person_alone_is_not_significant(runs_with, people):
    """Three replicates agree that the best weights are better, on sequences of one person."""
    before, after = dict.fromkeys(range(3), 0.7), dict.fromkeys(range(3), 1.0)
    runs = runs_with({50: {"last": before, "best": after}})
    assert cell(build_table(TWO, runs), group=BEST)["significant"]
    named = build_table(TWO, runs, subjects=people)
    assert not cell(named, group=BEST)["significant"]
