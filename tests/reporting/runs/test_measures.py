"""Columns of tables: of predictions by class, and of the course of the training."""

import numpy as np
import pandas as pd
import pytest

from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import column, curve
from harmodels.reporting.tables.layout import MISSING
from tests.reporting.entries import LAST, entry, losses, printed

CLASSES = ["walking", "sitting", "standing"]


def answers(*pairs):
    """Make test predictions of the last weights from (true, predicted) labels, one replicate."""
    labels, predicted = zip(*pairs, strict=True)
    columns = [f"score_{c}" for c in range(len(CLASSES))]
    scores = pd.DataFrame(np.eye(len(CLASSES))[list(predicted)], columns=columns)
    ids = [f"test/{i}" for i in range(len(labels))]
    return scores.assign(replicate=0, checkpoint="last", split="test", id=ids, label=labels)


@pytest.fixture
def one(write_run, tmp_path):
    """Write and read a run of one replicate."""

    def make(**content):
        options = {"predictions": answers((0, 0)), "replicates": 1, "classes": CLASSES}
        return load_run(write_run(tmp_path, "b", {"hidden": 5}, **(options | content)))

    return make


def value(run, measure):
    found = column(run, measure, "last")["value"]
    return found.item() if len(found) else None


def test_a_recall_is_of_the_class_that_it_names(one):
    run = one(predictions=answers((1, 1), (1, 1), (1, 2), (1, 0), (0, 0)))
    assert value(run, "recall_sitting") == pytest.approx(0.5)


def test_the_most_predicted_class_without_another_ignores_that_class_sequences(one):
    run = one(predictions=answers((1, 1), (1, 1), (0, 2), (2, 2), (2, 2), (0, 0)))
    assert value(run, "most_predicted_share") == pytest.approx(3 / 6)
    assert value(run, "most_predicted_share_without_sitting") == pytest.approx(3 / 4)


def test_a_class_that_the_data_set_lacks_leaves_the_cell_empty(one):
    measures = ["top_1", "recall_jogging", "most_predicted_share_without_jogging"]
    text = printed(entry("top_k", LAST, measures=measures), {"b": [one()]}).strip()
    assert text.endswith(f"| 5 | 1.000 | {MISSING} | {MISSING} |")


def test_a_metric_per_class_is_the_recorded_sum_divided_by_the_classes(one):
    run = one(history=losses("binary_cross_entropy", train=[3.0, 1.5]))
    found = curve(run, "binary_cross_entropy_per_class", "train")["value"]
    assert found.tolist() == [1.0, 0.5]


def test_the_level_of_a_loss_starts_at_epoch_10_and_is_per_class(one):
    train = [9.0] * 9 + [0.6, 1.2, 1.8]
    validation = [9.0] * 9 + [1.2, 1.8, 2.4]
    history = losses("binary_cross_entropy", train=train, validation=validation)
    run = one(history=history)
    assert value(run, "train_loss") == pytest.approx(0.4)
    assert value(run, "validation_loss") == pytest.approx(0.6)
    assert value(run, "loss_gap") == pytest.approx(0.2)


def test_a_cross_entropy_is_no_sum_over_classes(one):
    run = one(history=losses("cross_entropy", train=[1.0] * 12))
    assert value(run, "train_loss") == pytest.approx(1.0)


def test_without_validation_or_before_epoch_10_there_is_no_level(one):
    run = one(history=losses("binary_cross_entropy", train=[1.0] * 9))
    for measure in ("validation_loss", "loss_gap", "best_accuracy_epoch", "train_loss"):
        assert value(run, measure) is None


def test_the_epoch_of_the_best_accuracy_is_the_earliest_of_equal_ones(one):
    history = losses("accuracy", validation=[0.2, 0.5, 0.4, 0.5], train=[0.9, 0.1, 0.1, 0.1])
    assert value(one(history=history), "best_accuracy_epoch") == 2


def test_a_mean_accuracy_of_folds_that_is_higher_by_its_last_digit_alone_is_no_later_best(one):
    history = losses("accuracy", validation=[0.2, 0.3, 0.1 + 0.2, 0.1])
    assert value(one(history=history), "best_accuracy_epoch") == 2


def test_losses_are_means_with_an_interval_that_may_be_negative_and_no_best(runs_with):
    levels = (0.8, 1.0, 1.2)
    history = losses(
        "cross_entropy", 3, train=[1.0] * 12, validation=lambda replicate: [levels[replicate]] * 12
    )
    accuracies = {"last": {0: 0.4, 1: 0.5, 2: 0.6}}
    runs = runs_with({50: accuracies, 60: accuracies}, history=history)
    text = printed(entry("top_k", LAST, measures=["validation_loss", "loss_gap"]), runs)
    # s = 0.2, t(0.975, 2) = 4.302653: half width 0.2 · 4.302653 / √3 = 0.496828
    assert "| 50 | 1.000 [0.503, 1.497] | 0.000 [-0.497, 0.497] |" in text
    assert "**1.000" not in text
    assert "Validation minus training loss" in text
