"""Compilation of every training loop, once for all jobs: numba keeps the machine code on disk."""

import numpy as np
import torch

from harmodels.runtime.determinism import make_deterministic
from harmodels.training.fit import Schedule, SplitIndices, fit
from harmodels.training.learners import LEARNERS, SequenceTensors


def warm_up() -> None:
    """Train each learner's examples for one epoch on a few numbers, with the compiled loops."""
    make_deterministic()
    random = torch.Generator().manual_seed(0)
    inputs, labels = torch.randn(6, 5, 3, generator=random), torch.arange(6) % 3
    data = SequenceTensors.of_equal_length(inputs, labels, 3)
    indices = SplitIndices([np.arange(4)], [np.arange(4, 6)], np.arange(4, 6))
    for kind in LEARNERS.values():
        for example in kind.examples:
            learner = kind(example, "compiled", 1)
            fit(learner, data, indices, Schedule(1, 0, (0,), example.monitor))
