"""The benchmark on which the estimators' defaults are chosen."""

import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks.defaults import __main__ as command
from benchmarks.defaults import contenders, report
from benchmarks.defaults.sets import GROUPS, Half


def chosen(*accuracies: tuple[float, float]) -> str:
    """Return the learning rate that is chosen for accuracies of the centre and of 0.01 by set."""
    rows = [
        ("choose", f"set {number}", "GRU", factor, value, 0, accuracy, 1.0)
        for number, pair in enumerate(accuracies)
        for (factor, value), accuracy in zip(
            [("centre", ""), ("learning_rate", "0.01")], pair, strict=True
        )
    ]
    table = report.compare(pd.DataFrame(rows, columns=command.COLUMNS))
    return table.loc[table["chosen"], "value"].item()


def test_a_value_replaces_the_centre_above_the_margin_and_with_a_better_rank():
    assert chosen((0.8, 0.81), (0.7, 0.71)) == "0.01"
    assert chosen((0.8, 0.803), (0.7, 0.703)) == ""  # below the margin
    assert chosen((0.8, 0.79), (0.8, 0.79), (0.1, 0.9)) == ""  # one set alone carries the mean


def test_a_training_that_failed_counts_as_nothing_right():
    assert chosen((0.2, np.nan), (0.2, 0.3)) == ""


def test_people_are_trained_on_or_validated_on():
    people = np.repeat(["a", "b", "c", "d", "e", "f"], 4)
    X = [np.full((2, 1), ord(person), np.float32) for person in people]
    half = Half(X, np.tile([0, 1], 12), people)
    for train, validation in half.folds(3):
        assert not {x[0, 0] for x in train.X} & {x[0, 0] for x in validation.X}


def test_a_gap_is_the_best_peers_lead_over_the_best_default():
    table = {"GRU": 0.8, "MLP": 0.7, "torch GRU": 0.79, "Keras GRU": 0.85, "MiniRocket": 0.9}
    wide = pd.DataFrame([table], index=["a set"])
    assert report.behind(wide, report.RECURRENT_PEERS)["a set"] == pytest.approx(0.05)


class Counted:
    """A classifier that counts how often it is fitted, and is always right."""

    fits = 0

    def __init__(self, seed: int) -> None:
        pass

    def fit(self, X, y):
        Counted.fits += 1
        return self

    def score(self, X, y):
        return 1.0


def test_a_cell_is_computed_once_and_choosing_does_not_see_the_test_half(tmp_path, monkeypatch):
    half = Half([np.zeros((2, 1), np.float32)] * 6, np.tile([0, 1], 3))
    monkeypatch.setitem(GROUPS, "choosing", {"toy": lambda folder: (half, None)})
    made = {("GRU", "centre", ""): Counted, ("GRU", "hidden", "8"): Counted}
    monkeypatch.setattr(contenders, "candidates", lambda: made)
    monkeypatch.setattr(sys, "argv", ["benchmarks.defaults", "--output", str(tmp_path)])
    for _ in range(2):
        command.main()
    assert Counted.fits == command.FOLDS * len(made)
    assert "| GRU | hidden | 8 | 1.000 |" in (tmp_path / "choices.md").read_text()
