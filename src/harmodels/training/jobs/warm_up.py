"""Compile every training loop once, so that no job has to: numba keeps the result on disk."""

from typing import Any

import numpy as np
import torch

from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.runtime.determinism import make_deterministic
from harmodels.training.fit import Schedule, SplitIndices, fit
from harmodels.training.learners import SequenceTensors, make_learner

BCE = "binary_cross_entropy"
LOOPS: tuple[tuple[str, Any], ...] = (
    ("truncated_bptt", TruncatedBptt(0.1, 4, 2, 1, 1.0, "transposed", 0.1, BCE)),
    ("minibatch", Minibatch(0.1, 4, 2, 1, "uniform", "sgd", None, BCE, None, None)),
    (
        "perceptron",
        Perceptron(
            *(2, 4, 4, 0.1, 0.5, 0.5, "at_inference", "mean", "exact", 1, 0.1, "cross_entropy"),
            *("all_epochs", 0.05, 50, 10),
        ),
    ),
    (
        "recurrent",
        Recurrent("plain", "gru", 4, None, 1, 0.5, 2, 0.01, 1, "keras", "cross_entropy", None),
    ),
)


def warm_up() -> None:
    """Train each kind of network for one epoch on a few numbers, with the compiled loops."""
    make_deterministic()
    random = torch.Generator().manual_seed(0)
    inputs, labels = torch.randn(6, 5, 3, generator=random), torch.arange(6) % 3
    recordings = SequenceTensors.of_equal_length(inputs, labels, 3)
    indices = SplitIndices([np.arange(4)], [np.arange(4, 6)], np.arange(4, 6))
    for training, options in LOOPS:
        learner = make_learner(training, options, "compiled", 1)
        fit(learner, recordings, indices, Schedule(1, 0, (0,), options.monitor))
