"""Compilation of every training loop, once for all jobs: numba keeps the machine code on disk."""

from typing import Any

import numpy as np
import torch

from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.runtime.determinism import make_deterministic
from harmodels.training.fit import Schedule, SplitIndices, fit
from harmodels.training.learners import SequenceTensors, make_learner

LOOPS: tuple[tuple[str, Any], ...] = (
    ("truncated_bptt", TruncatedBptt(hidden=4, window=2, epochs=1)),
    ("minibatch", Minibatch(hidden=4, batch_size=2, epochs=1)),
    (
        "perceptron",
        Perceptron(batch_size=2, hidden1=4, hidden2=4, momentum=0.5, dropout=0.5, epochs=1),
    ),
    ("recurrent", Recurrent(hidden=4, batch_size=2, epochs=1)),
)


def warm_up() -> None:
    """Train each kind of network for one epoch on a few numbers, with the compiled loops."""
    make_deterministic()
    random = torch.Generator().manual_seed(0)
    inputs, labels = torch.randn(6, 5, 3, generator=random), torch.arange(6) % 3
    data = SequenceTensors.of_equal_length(inputs, labels, 3)
    indices = SplitIndices([np.arange(4)], [np.arange(4, 6)], np.arange(4, 6))
    for training, options in LOOPS:
        learner = make_learner(training, options, "compiled", 1)
        fit(learner, data, indices, Schedule(1, 0, (0,), options.monitor))
