"""The page "Adding a learner" of CONTRIBUTING.md, followed from outside the package."""

from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch

from harmodels import optim
from harmodels.config.base import Number, key
from harmodels.config.options import OPTIONS, Options
from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.errors import TrainingError
from harmodels.files import read_json, write_table
from harmodels.nn import linear, losses
from harmodels.plugins import LEARNERS
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.run import run_job
from harmodels.training.learners import NetworkLearner, State, make_learner
from harmodels.training.stopping import Patience


class MeanFrame(Options):
    """Options of softmax regression on the mean of a sequence's frames."""

    learning_rate: Number = key(0.5, "Step size.", gt=0)
    epochs: int = key(40, "Passes through the training sequences.", ge=1)
    patience: int | None = key(None, "Epochs without a lower validation loss.", ge=1)
    monitor: Literal["cross_entropy"] = key("cross_entropy", "The loss that is watched.")


class MeanFrameLearner(NetworkLearner):
    """Softmax regression, one update an epoch."""

    example = MeanFrame(epochs=1)

    def initialise(self, generators, data):
        shape = len(generators), data.classes, data.frames.shape[-1]
        return State(linear.LinearParams(torch.zeros(shape), torch.zeros(shape[:2])))

    def train_epoch(self, state, data, order, dropout):
        logits, cache = linear.forward(state.params, data.inputs[order].mean(2))
        loss, d_logits = losses.softmax_cross_entropy(logits, data.labels[order])
        _, grads = linear.backward(state.params, cache, d_logits / order.shape[1])
        params = optim.sgd_step(state.params, grads, self.options.learning_rate)
        return State(params), {"cross_entropy": loss.double().mean(1)}

    def scores(self, params, data, indices):
        return linear.forward(params, data.inputs[indices].mean(2))[0]

    def losses(self, scores, labels):
        loss, _ = losses.softmax_cross_entropy(scores, labels)
        return {"cross_entropy": loss.double().mean()}


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Run a job of the learner on 30 sequences of three classes."""
    monkeypatch.setitem(OPTIONS, "mean_frame", MeanFrame)
    monkeypatch.setitem(LEARNERS.registered, "mean_frame", MeanFrameLearner)
    labels, steps = np.arange(30) % 3, 12
    noise = np.random.default_rng(0).normal(size=(30, steps, 3))
    values = (noise + 3 * np.eye(3)[labels][:, None]).reshape(-1, 3)
    ids = np.array([f"s/{i:02d}" for i in range(30)])
    sequences = Sequences(
        facts=SequenceFacts("toy", ("a", "b", "c"), ("x", "y", "z"), ("g",) * 3, 50.0),
        ids=ids,
        subjects=np.array(["p"] * 30),
        official_split=np.array(["train"] * 30),
        labels=labels,
        offsets=np.arange(31) * steps,
        values=values.astype(np.float32),
    )
    splits = pd.DataFrame(
        {
            "replicate": np.repeat(np.array([0, 1], dtype=np.int16), 30),
            "id": np.tile(ids, 2),
            "split": ["train"] * 15 + ["validation"] * 6 + ["test"] * 9 + ["train"] * 18
            + ["validation"] * 3 + ["test"] * 9,
        }
    )  # fmt: skip
    write_sequences(tmp_path / "sequences.parquet", sequences)
    write_table(tmp_path / "splits.parquet", splits)

    def run(options, *, validation=True):
        run_job(
            Job(
                report="r", dataset="toy", experiment="e", name="n", configuration={},
                options=options.model_dump(), training="mean_frame", channels=None, fingers=None,
                validation=validation, seed=3, replicates=2, engine="reference", device="cpu",
            ),
            sequences_path=str(tmp_path / "sequences.parquet"),
            splits_path=str(tmp_path / "splits.parquet"),
            folder=tmp_path / "run",
            repository=tmp_path,
            threads=1,
        )  # fmt: skip
        return tmp_path / "run"

    return run


def test_it_runs_a_job_and_learns(job):
    folder = job(MeanFrame())
    history = pd.read_parquet(folder / "history.parquet")
    last = history.query("epoch == 40 and split == 'validation' and metric == 'accuracy'")
    assert last["value"].tolist() == [1.0, 1.0]
    assert {"train", "validation"} == set(history["split"])
    facts = read_json(folder / "run.json")
    assert facts["engine"] == "reference"
    assert facts["options"] == MeanFrame().model_dump()


def test_patience_of_its_options_is_its_stopping_rule(job):
    options = MeanFrame(patience=2)
    assert make_learner("mean_frame", options, "reference", 1).stopping == Patience(2)
    with pytest.raises(TrainingError, match="needs a validation loss"):
        job(options, validation=False)


def test_a_figure_may_draw_the_losses_that_its_monitor_names(job):
    from harmodels.reporting.checks import losses_of

    assert losses_of("mean_frame") == ["cross_entropy"]
