"""One learner for each `training` key of a report, loaded by name.

By name, so that the code of one training is not part of another's digest: a changed GRU retrains
no perceptron.
"""

import importlib
from typing import Any

from harmodels.training.learners.base import Learner, Losses, SequenceTensors, State, index_tensor

__all__ = ["Learner", "Losses", "SequenceTensors", "State", "index_tensor", "make_learner"]


def make_learner(training: str, options: Any, engine: str, threads: int) -> Learner:
    """Return the learner for a report's `training` key, from its module's `make`."""
    module = importlib.import_module(f"{__name__}.{training}")
    return module.make(options, engine, threads)
