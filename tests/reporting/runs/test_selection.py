"""The configuration that held-out data choose, in a selection of runs."""

import pandas as pd
import pytest

from harmodels.config.selection import Selection
from harmodels.errors import ConfigurationError
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.selection import choose_run, select_run, select_runs
from tests.reporting.entries import build_table, evaluate_claims


def losses(last: float, lowest: float) -> pd.DataFrame:
    """Make a validation loss of three epochs in two replicates."""
    rows = [
        (replicate, epoch, "validation", "cross_entropy", value)
        for replicate in (0, 1)
        for epoch, value in enumerate((9.0, lowest, last), start=1)
    ]
    return pd.DataFrame(rows, columns=["replicate", "epoch", "split", "metric", "value"])


@pytest.fixture
def sweep(write_run, with_accuracy, tmp_path):
    """Make runs of exact accuracies and losses: hidden = (validation, test, last, lowest loss)."""

    def make(values, experiment="b", diverged=None):
        folders = []
        for hidden, (validation, test, last, lowest) in values.items():
            parts = [
                with_accuracy({"last": {0: v, 1: v}, "best": {0: v, 1: v}}).assign(split=split)
                for split, v in (("validation", validation), ("test", test))
            ]
            lost = (diverged or {}).get(hidden, ())
            predictions = pd.concat(parts, ignore_index=True)
            predictions = predictions[~predictions["replicate"].isin(lost)]
            folders.append(
                write_run(
                    tmp_path,
                    experiment,
                    {"hidden": hidden},
                    replicates=2,
                    epochs=3,
                    diverged=lost,
                    history=losses(last, lowest),
                    predictions=predictions,
                )
            )
        return load_runs(folders)

    return make


def chosen(runs, criterion, checkpoint="last"):
    return choose_run(runs["b"], criterion, checkpoint).configuration["hidden"]


def test_the_highest_validation_accuracy_is_chosen_whatever_the_test_set_says(sweep):
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "test_accuracy") == 16


def test_equal_accuracies_are_told_apart_by_the_loss_and_then_by_the_grid(sweep):
    runs = sweep({16: (0.7, 0.5, 2, 2), 32: (0.7, 0.5, 1, 1), 64: (0.7, 0.5, 1, 1)})
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "test_accuracy") == 16


def test_the_loss_is_that_of_the_weights_meant(sweep):
    runs = sweep({16: (0.7, 0.5, 1.0, 0.9), 32: (0.7, 0.5, 2.0, 0.1)})
    assert chosen(runs, "validation_loss", "last") == 16
    assert chosen(runs, "validation_loss", "best") == 32


def test_a_configuration_with_a_diverged_replicate_comes_last(sweep):
    runs = sweep({16: (0.9, 0.5, 1, 1), 32: (0.2, 0.5, 2, 2)}, diverged={16: (0,)})
    assert chosen(runs, "validation_accuracy") == 32
    assert chosen(runs, "validation_loss") == 32


def test_where_narrows_before_anything_is_chosen(sweep):
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    selection = Selection("b", {"hidden": 16}, "validation_accuracy")
    assert [run.configuration["hidden"] for run in select_runs(runs, selection)] == [16]


def test_without_validation_sequences_nothing_is_chosen_on_them(write_run, tmp_path):
    runs = load_runs([write_run(tmp_path, "b", {"hidden": h}) for h in (16, 32)])
    with pytest.raises(ConfigurationError, match=r"no validation sequences.*`validation: true`"):
        choose_run(runs["b"], "validation_accuracy")


def test_a_criterion_that_does_not_exist_names_those_there_are(sweep):
    with pytest.raises(ConfigurationError, match="there are validation_accuracy"):
        choose_run(sweep({16: (0.5, 0.5, 1, 1)})["b"], "luck")


def test_a_selection_that_must_leave_one_configuration_says_who_needs_it(sweep):
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    with pytest.raises(ConfigurationError, match="a bar needs one configuration, but 'b'.* has 2"):
        select_run(runs, Selection("b"), "a bar")


CHOICES = {
    "title": "Choices",
    "kind": "choices",
    "experiments": [{"experiment": "b", "title": "Units"}],
    "choose": "validation_accuracy",
    "checkpoint": "last",
}


def test_both_choices_stand_in_the_table_with_both_accuracies(sweep):
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    cells = build_table(CHOICES, runs, {}).cells
    rows = cells[["chosen_on", "configuration", "group", "value"]].values.tolist()
    assert rows == [
        ["validation data", "hidden units 32", "Validation data", pytest.approx(0.7)],
        ["validation data", "hidden units 32", "Test set", pytest.approx(0.6)],
        ["test set", "hidden units 16", "Validation data", pytest.approx(0.5)],
        ["test set", "hidden units 16", "Test set", pytest.approx(0.9)],
    ]


def test_where_both_choose_the_same_there_is_one_row(sweep):
    cells = build_table(CHOICES, sweep({16: (0.5, 0.5, 1, 1), 32: (0.7, 0.6, 2, 2)}), {}).cells
    assert cells["chosen_on"].unique().tolist() == ["both"]


def test_a_configuration_that_ties_on_the_test_set_has_not_been_missed(sweep):
    cells = build_table(CHOICES, sweep({16: (0.5, 0.6, 1, 1), 32: (0.7, 0.6, 2, 2)}), {}).cells
    assert cells["chosen_on"].unique().tolist() == ["both"]


def test_published_numbers_stand_beside_the_test_set_only(sweep):
    table = pd.DataFrame({"hidden": [16], "top1": [0.33]})
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    cells = build_table(CHOICES | {"published": "t.csv"}, runs, {"t.csv": table}).cells
    found = cells.dropna(subset="published")
    assert found[["chosen_on", "group", "published"]].values.tolist() == [
        ["test set", "Test set", 0.33]
    ]


def test_a_claim_compares_what_each_side_chose_whatever_their_keys(sweep):
    runs = sweep({16: (0.5, 0.9, 1, 1), 32: (0.7, 0.6, 2, 2)})
    runs |= sweep({64: (0.8, 0.8, 1, 1), 128: (0.6, 1.0, 1, 1)}, "c")
    side = {"checkpoint": "last", "choose": "validation_accuracy"}
    claim = {
        "statement": "c beats b",
        "kind": "comparison",
        "left": {"experiment": "c"} | side,
        "right": {"experiment": "b"} | side,
        "metric": "top_1",
        "expected": "greater",
    }
    assert evaluate_claims({"c": claim}, runs)["value"].tolist() == [pytest.approx(0.2)]
