import numpy as np
import pandas as pd
import pytest

from harmodels.config.parts import Part
from harmodels.errors import ResultsError
from harmodels.reporting.runs.measures import best_epochs, curve, epochs_run, prediction_measure
from harmodels.reporting.runs.parts import load_runs
from tests.run_files import write_run_files

CLASSES = ("a", "b")


def outcome(replicate, *, epochs=4, best=2, diverged=None):
    ends = {"epochs": epochs, "best_epoch": best, "diverged_epoch": diverged}
    return {"replicate": replicate, "stopped": "all epochs"} | ends


@pytest.fixture
def write_part(tmp_path):
    """Write the run of one part; `right` says how many of its four answers are right."""

    def write(part, outcomes, *, right=4, loss=1.0, **job):
        numbers = [entry["replicate"] for entry in outcomes if entry["diverged_epoch"] is None]
        history = pd.DataFrame(
            [(n, e, "train", "loss", loss + e) for n in numbers for e in (1, 2)],
            columns=["replicate", "epoch", "split", "metric", "value"],
        )
        rows = [
            (n, checkpoint, "test", f"{part.fold}/{i}", 0, *((1.0, 0.0) if i < right else (0, 1)))
            for n in numbers
            for checkpoint in ("last", "best")
            for i in range(4)
        ]
        columns = ["replicate", "checkpoint", "split", "id", "label", "score_0", "score_1"]
        predictions = pd.DataFrame(rows, columns=columns).astype(
            {"replicate": "int16", "score_0": "float32", "score_1": "float32"}
        )
        folder = tmp_path / f"hidden=50{part.suffix}"
        facts = {"replicates": outcomes, "wall_time_s": 2.0}
        job |= {"replicates": part.replicates, "first": part.first, "fold": part.fold}
        write_run_files(folder, history, predictions, CLASSES, facts=facts, **job)
        return folder

    return write


def test_blocks_of_replicates_are_one_run(write_part):
    folders = [
        write_part(Part(0, 2), [outcome(0), outcome(1, diverged=3, best=None)], right=4),
        write_part(Part(2, 1), [outcome(2)], right=2),
    ]
    (run,) = load_runs(folders)["b"]
    assert (run.replicates, run.diverged) == (3, (1,))
    values = prediction_measure(run, "top_1", "last").set_index("replicate")["value"]
    assert values.to_dict() == {0: 1.0, 2: 0.5}
    assert run.wall_time_s == 4.0
    assert [record.first for record in run.records] == [0, 2]


def test_folds_are_networks_that_were_tested_on_everybody(write_part):
    folders = [
        write_part(Part(0, 1, "p1"), [outcome(0, epochs=4, best=2)], right=4, loss=1.0),
        write_part(Part(0, 1, "p2"), [outcome(0, epochs=8, best=5)], right=1, loss=2.0),
    ]
    (run,) = load_runs(folders)["b"]
    assert run.replicates == 1
    assert prediction_measure(run, "top_1", "last")["value"].tolist() == [5 / 8]
    assert epochs_run(run)["value"].tolist() == [6.0]
    assert best_epochs(run)["value"].tolist() == [3.5]
    np.testing.assert_allclose(curve(run, "loss", "train")["value"], [2.5, 3.5])


def test_a_replicate_that_diverged_in_one_fold_has_no_accuracy(write_part):
    folders = [
        write_part(Part(0, 2, "p1"), [outcome(0), outcome(1)], right=4),
        write_part(Part(0, 2, "p2"), [outcome(0, diverged=3, best=None), outcome(1)], right=4),
    ]
    (run,) = load_runs(folders)["b"]
    assert run.diverged == (0,)
    for checkpoint in ("last", "best"):
        found = prediction_measure(run, "top_1", checkpoint)
        assert found["replicate"].tolist() == [1]


def test_a_single_fold_is_a_run(write_part):
    (run,) = load_runs([write_part(Part(0, 1, "p1"), [outcome(0)])])["b"]
    assert run.replicates == 1


@pytest.mark.parametrize(
    ("replicates", "first", "seeds", "message"),
    [
        (1, 1, (1, 2), "parts of one run, but their seed differ"),
        (2, 1, (1, 1), "holds replicate 1, which another part"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(write_part, replicates, first, seeds, message):
    outcomes = [outcome(replicate) for replicate in range(replicates)]
    folders = [
        write_part(Part(0, replicates), outcomes, seed=seeds[0]),
        write_part(Part(first, 1), [outcome(first)], seed=seeds[1]),
    ]
    with pytest.raises(ResultsError, match=message):
        load_runs(folders)
