"""The configuration that held-out data choose, in a selection of runs."""

import pandas as pd
import pytest

from harmodels.config.selection import Selection
from harmodels.errors import ConfigurationError
from harmodels.reporting.runs.selection import choose_run, select_run, select_runs
from tests.reporting.entries import build_table, entry, evaluate_claims, losses

TWO = {16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)}


@pytest.fixture
def sweep(runs_of, with_accuracy):
    """Make runs of exact accuracies and losses: hidden = (validation, test, last, lowest loss)."""

    def make(values=TWO, experiment="b", diverged=None):
        runs = []
        for hidden, (validation, test, last, lowest) in values.items():
            lost = (diverged or {}).get(hidden, ())
            sound = [replicate for replicate in (0, 1) if replicate not in lost]
            parts = [
                with_accuracy(dict.fromkeys(("last", "best"), dict.fromkeys(sound, v)))
                for v in (validation, test)
            ]
            predictions = pd.concat([parts[0].assign(split="validation"), parts[1]])
            history = losses("cross_entropy", 2, validation=(9.0, lowest, last))
            content = {"predictions": predictions, "history": history, "diverged": lost}
            content |= {"experiment": experiment, "replicates": 2, "epochs": 3}
            runs += runs_of(hidden, **content)[experiment]
        return {experiment: runs}

    return make


def chosen(runs, criterion, checkpoint="last"):
    return choose_run(runs["b"], criterion, checkpoint).configuration["hidden"]


def test_the_highest_validation_accuracy_is_chosen_whatever_the_test_set_says(sweep):
    runs = sweep()
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "test_accuracy") == 16


def test_equal_accuracies_are_told_apart_by_the_loss_and_then_by_the_grid(sweep):
    runs = sweep({16: (0.7, 0.5, 2, 2), 32: (0.7, 0.5, 1, 1), 64: (0.7, 0.5, 1, 1)})
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "test_accuracy") == 16


def test_the_order_of_the_replicates_breaks_no_tie(sweep, with_accuracy):
    # 0.1, 0.2, 0.3 and 0.3, 0.2, 0.1 have other means in floats
    runs = sweep({16: (0.7, 0.5, 2, 2), 32: (0.7, 0.5, 1, 1)})["b"]
    for run, accuracies in zip(runs, ((0.1, 0.2, 0.3), (0.3, 0.2, 0.1)), strict=True):
        parts = with_accuracy({"last": dict(enumerate(accuracies))}).assign(split="validation")
        object.__setattr__(run, "predictions", parts)
    for group in (runs, runs[::-1]):
        assert chosen({"b": group}, "validation_accuracy") == 32


def test_the_loss_is_that_of_the_weights_meant(sweep):
    runs = sweep({16: (0.7, 0.5, 1.0, 0.9), 32: (0.7, 0.5, 2.0, 0.1)})
    assert chosen(runs, "validation_loss", "last") == 16
    assert chosen(runs, "validation_loss", "best") == 32


def test_a_configuration_with_a_diverged_replicate_comes_last(sweep):
    runs = sweep({16: (0.9, 0.5, 1, 1), 32: (0.2, 0.5, 2, 2)}, diverged={16: (0,)})
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "validation_loss") == 32


def test_where_narrows_before_anything_is_chosen(sweep):
    runs = sweep()
    selection = Selection("b", {"hidden": 16}, "validation_accuracy")
    assert [run.configuration["hidden"] for run in select_runs(runs, selection)] == [16]


def test_without_validation_sequences_nothing_is_chosen_on_them(runs_of):
    runs = runs_of(16, 32)
    with pytest.raises(ConfigurationError, match=r"no validation sequences.*`validation: true`"):
        choose_run(runs["b"], "validation_accuracy")


def test_a_criterion_that_does_not_exist_names_those_there_are(sweep):
    with pytest.raises(ConfigurationError, match="there are validation_accuracy"):
        choose_run(sweep({16: (0.5, 0.5, 1, 1)})["b"], "luck")


def test_a_selection_that_must_leave_one_configuration_says_who_needs_it(sweep):
    runs = sweep()
    with pytest.raises(ConfigurationError, match="a bar needs one configuration, but 'b'.* has 2"):
        select_run(runs, Selection("b"), "a bar")


WHERE = {"choose": "validation_accuracy", "checkpoint": "last"}
CHOICES = entry("choices", WHERE, experiments=[{"experiment": "b", "title": "Units"}])


def test_both_choices_stand_in_the_table_with_both_accuracies(sweep):
    runs = sweep()
    cells = build_table(CHOICES, runs).cells
    rows = cells[["chosen_on", "configuration", "group", "value"]].values.tolist()
    assert rows == [
        ["validation data", "hidden units 32", "Validation data", pytest.approx(0.7)],
        ["validation data", "hidden units 32", "Test set", pytest.approx(0.6)],
        ["test set", "hidden units 16", "Validation data", pytest.approx(0.5)],
        ["test set", "hidden units 16", "Test set", pytest.approx(0.9)],
    ]


@pytest.mark.parametrize("test", [0.5, 0.6])
def test_where_both_choose_the_same_or_the_test_set_ties_there_is_one_row(sweep, test):
    cells = build_table(CHOICES, sweep({16: (0.5, test, 1, 1), 32: (0.7, 0.6, 2, 2)})).cells
    assert cells["chosen_on"].unique().tolist() == ["both"]


def test_published_numbers_stand_beside_the_test_set_only(sweep):
    table = pd.DataFrame({"hidden": [16], "top1": [0.33]})
    runs = sweep()
    cells = build_table(CHOICES | {"published": "t.csv"}, runs, {"t.csv": table}).cells
    found = cells.dropna(subset="published")[["chosen_on", "group", "published"]]
    assert found.values.tolist() == [["test set", "Test set", 0.33]]


def test_a_claim_compares_what_each_side_chose_whatever_their_keys(sweep):
    runs = sweep()
    runs |= sweep({64: (0.8, 0.8, 1, 1), 128: (0.6, 1.0, 1, 1)}, "c")
    claim = {"statement": "c beats b", "kind": "comparison", "metric": "top_1"}
    claim |= {"expected": "greater"}
    claim |= {side: {"experiment": e} | WHERE for side, e in (("left", "c"), ("right", "b"))}
    assert evaluate_claims({"c": claim}, runs)["value"].tolist() == [pytest.approx(0.2)]
