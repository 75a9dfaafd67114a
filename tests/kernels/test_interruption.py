"""Ctrl-C in the middle of a kernel: heard within two seconds, whatever a single call would take."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import torch

from harmodels.config.options import OPTIONS
from harmodels.training.learners import SequenceTensors, make_learner

# Learner, options, steps of a sequence, sequences of an epoch: one update of the recurrent ones,
# one sequence of truncated BPTT and one call of the perceptron's kernel take several seconds.
WIDE = {"hidden": 256, "layers": 2, "batch_size": 64, "dropout": 0.0}
LONG = {
    "GRU": ("recurrent", WIDE | {"cell": "gru"}, 400, 640),
    "LSTM": ("recurrent", WIDE | {"cell": "lstm"}, 400, 640),
    "Elman": ("minibatch", {"hidden": 400, "batch_size": 64}, 2000, 640),
    "truncated BPTT": ("truncated_bptt", {"hidden": 100, "window": 10}, 4_000_000, 1),
    "one update": ("truncated_bptt", {"hidden": 100, "update": "sequence_sum"}, 20_000, 100),
    "perceptron": ("perceptron", {"batch_size": 1}, 150, 1_000_000),
    "perceptron in batches": ("perceptron", {"batch_size": 500}, 150, 1_000_000),
}


def start(name, steps, sequences, replicates=1):
    """Return learner, data, state and orders of the `sequences`, of which there are two."""
    training, options, *_ = LONG[name]
    frames = torch.randn(2, steps, 3, generator=torch.Generator().manual_seed(0))
    if training == "perceptron":
        frames = frames.reshape(2, 1, -1)
    data = SequenceTensors.of_equal_length(frames, torch.arange(2), 2)
    learner = make_learner(training, OPTIONS[training](**options), "compiled", replicates)
    generators = [np.random.default_rng(r) for r in range(replicates)]
    order = torch.arange(sequences).expand(replicates, -1) % 2
    return learner, data, learner.initialise(generators, data), order


@pytest.fixture
def press():
    """Send Ctrl-C to this process in half a second; return the seconds since it was sent."""
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, send)
    yield lambda: timer.start() or (lambda: time.monotonic() - sent[0])
    timer.cancel()


@pytest.mark.parametrize("replicates", [1, 2])
@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_ends_an_epoch(name, replicates, press):
    learner, data, state, order = start(name, 3, 4, replicates)
    learner.train_epoch(state, data, order, [])  # compiles
    learner, data, state, order = start(name, *LONG[name][2:], replicates)
    since = press()
    with pytest.raises(KeyboardInterrupt):
        learner.train_epoch(state, data, order, [])
    assert since() < 2
    assert not [t for t in threading.enumerate() if t.name.startswith("replicate")]


@pytest.mark.parametrize("name", ["GRU", "truncated BPTT", "perceptron"])
def test_ctrl_c_ends_a_prediction(name, press):
    learner, data, state, order = start(name, 3, 4)
    learner.scores(state.params, data, order)  # compiles
    steps, sequences = (150, 2_000_000) if name == "perceptron" else (4_000_000, 2)
    learner, data, state, order = start(name, steps, sequences)
    since = press()
    with pytest.raises(KeyboardInterrupt):
        learner.scores(state.params, data, order)
    assert since() < 2
