"""The page "Adding a learner" of CONTRIBUTING.md, followed from outside the package."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch

from harmodels import optim
from harmodels.config.base import Number, key
from harmodels.config.options import OPTIONS, Options
from harmodels.data.splits import Draw
from harmodels.errors import TrainingError
from harmodels.files import read_json
from harmodels.nn import linear, losses
from harmodels.plugins import LEARNERS
from harmodels.training.learners import NetworkLearner, State, make_learner
from harmodels.training.stopping import Patience
from tests.toys import JOB, run_toy, sequences_of, write_inputs


class MeanFrame(Options):
    """Options of softmax regression on the mean of a sequence's frames."""

    learning_rate: Number = key(0.5, "Step size.", gt=0)
    epochs: int = key(40, "Passes through the training sequences.", ge=1)
    patience: int | None = key(None, "Epochs without a lower validation loss.", ge=1)
    monitor: Literal["cross_entropy"] = key("cross_entropy", "The loss that is watched.")


class MeanFrameLearner(NetworkLearner):
    """Softmax regression, one update an epoch."""

    examples = (MeanFrame(epochs=1),)

    def initialise(self, generators, data):
        shape = len(generators), data.classes, data.frames.shape[-1]
        return State(linear.LinearParams(torch.zeros(shape), torch.zeros(shape[:2])))

    def train_epoch(self, state, data, order, dropout, epoch=1):
        logits, cache = linear.forward(state.params, data.inputs[order].mean(2))
        loss, d_logits = losses.softmax_cross_entropy(logits, data.labels[order])
        _, grads = linear.backward(state.params, cache, d_logits / order.shape[1])
        params = optim.sgd_step(state.params, grads, self.options.learning_rate)
        return State(params), {"cross_entropy": loss.double().mean(1)}

    def scores(self, params, data, indices):
        return linear.forward(params, data.inputs[indices].mean(2))[0]

    def losses(self, scores, labels, weights=None):
        loss, _ = losses.softmax_cross_entropy(scores, labels)
        return {"cross_entropy": losses.mean(loss, weights)}


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Run a job of the learner on 30 sequences of three classes."""
    monkeypatch.setitem(OPTIONS, "mean_frame", MeanFrame)
    monkeypatch.setitem(LEARNERS.registered, "mean_frame", MeanFrameLearner)
    noise = np.random.default_rng(0).normal(size=(30, 12, 3))
    sequences = sequences_of(noise + 3 * np.eye(3)[np.arange(30) % 3][:, None], test=9)
    write_inputs(tmp_path, sequences, Draw(validation_per_class=2))

    def run(options, *, validation=True):
        changes = {"options": options.model_dump(), "validation": validation}
        mine = replace(JOB, training="mean_frame", engine="reference", **changes)
        return run_toy(tmp_path, job=mine)

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
