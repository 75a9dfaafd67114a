import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from harmodels.config.options import Baseline, Minibatch, TruncatedBptt
from harmodels.data.splits import Draw, draw_splits
from harmodels.errors import TrainingError
from harmodels.files import read_json
from harmodels.training.fit import Fit, Outcome, SplitIndices
from harmodels.training.jobs.job import indices_of_job
from harmodels.training.jobs.networks import finite_predictions
from harmodels.training.jobs.replay import labels_of_epoch
from harmodels.training.learners import SequenceTensors, State
from tests import toys
from tests.toys import run_toy, sequences_of, write_inputs

TBPTT = TruncatedBptt(hidden=4, window=5, epochs=2, initial_range=0.1).model_dump()
JOB = replace(
    toys.JOB,
    name="hidden=4",
    configuration={"hidden": 4},
    options=TBPTT,
    channels=("x", "y"),
)
DRAW = Draw(train_per_class=6, test_per_class=3, validation_per_class=2)
FILES = {"history.parquet", "predictions.parquet", "weights.safetensors", "run.json"}


@pytest.fixture
def sequences():
    return sequences_of(np.random.default_rng(0).normal(size=(30, 12, 3)), test=9)


@pytest.fixture
def run(sequences, tmp_path):
    """Run a job and return its folder."""
    write_inputs(tmp_path, sequences, DRAW)
    return lambda job, name="run": run_toy(tmp_path, name, job)


def test_a_job_leaves_its_four_files_with_the_same_bytes_apart_from_run_json(run):
    first, second = run(JOB, "one"), run(JOB, "two")
    assert {path.name for path in first.iterdir()} == FILES
    for name in FILES - {"run.json"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    frame = pd.read_parquet(first / "predictions.parquet")
    counts = frame.groupby(["replicate", "checkpoint", "split"]).size().unstack()
    assert counts.to_numpy().tolist() == [[9, 12, 6]] * 4
    assert list(counts.columns) == ["test", "train", "validation"]
    # torch's names, and the replicate axis
    tensors = load_file(first / "weights.safetensors")
    assert tensors["last.rnn.weight_ih"].shape == (2, 4, 2)
    assert tensors["best.output.weight"].shape == (2, 3, 4)
    facts = read_json(first / "run.json")
    assert facts["seed"] == 3
    assert len(facts["data"]["sequences"]) == 64
    assert [entry["epochs"] for entry in facts["replicates"]] == [2, 2]
    assert facts["commit"] is None  # the folder is no checkout


def test_without_validation_its_sequences_are_trained_on(run):
    frame = pd.read_parquet(run(replace(JOB, validation=False)) / "predictions.parquet")
    assert set(frame["checkpoint"]) == {"last"}
    assert (frame.query("replicate == 0")["split"] == "train").sum() == 18


def test_gradient_norms_are_recorded_before_and_after_training_and_change_no_weight(run):
    measured = run(replace(JOB, options=TBPTT | {"measure_gradients": True}), "measured")
    plain = run(JOB, "plain")
    weights, others = (load_file(folder / "weights.safetensors") for folder in (measured, plain))
    for name, values in weights.items():
        assert np.array_equal(values, others[name]), name
    history, without = (pd.read_parquet(folder / "history.parquet") for folder in (measured, plain))
    norms = history["metric"].str.startswith("gradient_norm_")
    pd.testing.assert_frame_equal(history[~norms].reset_index(drop=True), without)
    rows = history[norms]
    assert set(rows["split"]) == {"train"}
    assert set(rows["metric"]) == {f"gradient_norm_{k}" for k in range(12)}
    for _, one in rows.groupby("replicate"):
        assert one["epoch"].value_counts().to_dict() == {0: 12, 2: 12}
    assert (rows["value"] > 0).all()


def test_a_replicate_that_diverged_has_no_last_predictions_and_norms_of_its_beginning_alone(run):
    options = {**TBPTT, "learning_rate": 1e38, "clip": 1e38, "measure_gradients": True}
    folder = run(replace(JOB, options=options))
    assert pd.read_parquet(folder / "predictions.parquet").empty
    outcomes = read_json(folder / "run.json")["replicates"]
    assert [entry["diverged_epoch"] for entry in outcomes] == [1, 1]
    history = pd.read_parquet(folder / "history.parquet")
    norms = history[history["metric"].str.startswith("gradient_norm_")]
    assert set(norms["epoch"]) == {0}


class Weight(NamedTuple):
    value: torch.Tensor


@pytest.mark.parametrize(
    ("infinite", "kept", "outcome"),
    [
        (0.0, {"last", "best"}, (None, 3)),  # of no weights
        (2.0, {"best"}, (5, 3)),  # of the last ones
        (4.0, {"last"}, (3, None)),  # of the best ones
    ],
)
def test_finite_weights_with_infinite_scores_are_a_divergence(sequences, infinite, kept, outcome):
    last, best = (State(Weight(torch.tensor([[v], [v + 1]]))) for v in (1.0, 3.0))
    fitted = Fit(last, best, [Outcome(r, epochs=5, best_epoch=3) for r in range(2)])
    data = SequenceTensors.of_equal_length(torch.zeros(30, 12, 3), torch.arange(30) % 3, 3)
    indices = SplitIndices([np.arange(9)] * 2, [np.arange(9, 12)] * 2, np.arange(12, 30))

    def scores(params, data, indices):
        """Give the one weight as every score, and infinity where it is `infinite`."""
        value = params.value[:, :, None].expand(-1, indices.shape[1], 3)
        return torch.where(value == infinite, torch.inf, value)

    learner = SimpleNamespace(scores=scores)
    frames = pd.concat(finite_predictions(learner, data, indices, fitted, sequences))
    assert (fitted.outcomes[0].diverged_epoch, fitted.outcomes[0].best_epoch) == (None, 3)
    second = fitted.outcomes[1]
    assert (second.diverged_epoch, second.best_epoch) == outcome
    assert set(frames.query("replicate == 1")["checkpoint"]) == kept
    assert np.isfinite(frames[["score_0", "score_1", "score_2"]].to_numpy()).all()


def test_what_a_killed_job_left_is_removed_by_its_next_run_and_nothing_else(run, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    own = [".history.abcd1234.parquet", ".weights.a_c4e6g8.safetensors", ".run.01234567.json"]
    foreign = [".history.parquet", ".history.abcd1234.csv", ".other.abcd1234.parquet"]
    neighbour = tmp_path / "neighbour" / own[0]
    neighbour.parent.mkdir()
    for path in [*(folder / name for name in own + foreign), neighbour]:
        path.write_bytes(b"half")
    run(JOB)
    assert {path.name for path in folder.iterdir()} == {*FILES, *foreign}
    assert neighbour.exists()


def test_patience_without_validation_is_refused_with_the_remedy(run):
    options = Minibatch(hidden=4, batch_size=4, epochs=2, patience=3).model_dump()
    job = replace(JOB, training="minibatch", options=options, validation=False)
    with pytest.raises(TrainingError, match="validation: true"):
        run(job)


@pytest.mark.parametrize("model", ["majority", "logistic_regression", "linear_svm", "minirocket"])
def test_a_baseline_leaves_the_same_files(run, model):
    if model == "minirocket":
        pytest.importorskip("sktime")
    options = {"model": model}
    job = replace(JOB, training="baseline", options=options, channels=None)
    folder = run(job)
    assert {path.name for path in folder.iterdir()} == FILES
    again = read_json(run(job, "again") / "run.json")["files"]
    assert again == read_json(folder / "run.json")["files"]
    assert pd.read_parquet(folder / "history.parquet").empty
    frame = pd.read_parquet(folder / "predictions.parquet")
    scores = frame.filter(like="score_").to_numpy()
    trained = frame.eval("split == 'train'")
    right = scores.argmax(1) == frame["label"]
    assert right[trained].mean() >= 1 / 3


def test_replicates_validate_on_different_sequences(sequences):
    splits = draw_splits(sequences, DRAW, seed=3, replicates=2)
    indices = indices_of_job(sequences, splits, JOB)
    first, second = indices.validation
    assert first.tolist() != second.tolist()
    assert not set(first) & set(indices.train[0])
    assert not set(indices.test) & set(np.concatenate([first, *indices.train]))


def test_the_order_of_an_epoch_can_be_told_afterwards(sequences):
    splits = draw_splits(sequences, DRAW, seed=3, replicates=2)
    run = SimpleNamespace(validation=False, seed=3, fold=None)
    labels = labels_of_epoch(run, sequences, splits, 1, 2)
    assert len(labels) == 18
    assert np.bincount(labels).tolist() == [6, 6, 6]


@pytest.mark.parametrize("training", ["truncated_bptt", "baseline"])
def test_a_block_of_replicates_has_the_bytes_of_the_whole(sequences, tmp_path, training):
    options = {
        "truncated_bptt": TBPTT | {"measure_gradients": True},
        "baseline": Baseline(model="logistic_regression").model_dump(),
    }[training]
    whole = replace(JOB, training=training, options=options, replicates=5)
    later = replace(whole, replicates=2, first=3)
    folders = []
    for job in (whole, later):
        write_inputs(tmp_path, sequences, DRAW, replicates=job.replicates, first=job.first)
        folders.append(run_toy(tmp_path, f"run{job.first}", job))
    first, second = (load_file(folder / "weights.safetensors") for folder in folders)
    assert first.keys() == second.keys()
    for name, values in second.items():
        assert np.array_equal(first[name][3:], values), name
    for name in ("history", "predictions"):
        all_rows, rows = (pd.read_parquet(folder / f"{name}.parquet") for folder in folders)
        kept = all_rows[all_rows["replicate"] >= 3].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, rows)
    facts = read_json(folders[1] / "run.json")
    assert [entry["replicate"] for entry in facts["replicates"]] == [3, 4]
    assert facts["part"] == "+replicates=3-4"


def test_minirocket_without_its_package_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sktime.transformations.panel.rocket", None)
    job = replace(JOB, training="baseline", options={"model": "minirocket"}, channels=None)
    with pytest.raises(TrainingError, match=r"pip install 'harmodels\[peers\]'"):
        run(job)
