"""One learner for each `training` key of a report: a network with its loops, loaded by name.

By name, so that the code of one training is not part of another's digest: a changed GRU retrains
no perceptron. A module `<key>.py` of this folder with a class `LEARNER` is the learner of that key.
"""

from typing import Any

from harmodels.plugins import LEARNERS
from harmodels.training.learners._base import (
    Learner,
    Losses,
    MeasuresGradients,
    NetworkLearner,
    SequenceTensors,
    State,
    index_tensor,
)

__all__ = [
    "LEARNERS",
    "Learner",
    "Losses",
    "MeasuresGradients",
    "NetworkLearner",
    "SequenceTensors",
    "State",
    "index_tensor",
    "make_learner",
]


def make_learner(training: str, options: Any, engine: str, threads: int) -> Learner:
    """Return the learner for a report's `training` key."""
    learner: Learner = LEARNERS[training](options, engine, threads)
    return learner
