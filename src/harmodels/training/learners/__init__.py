"""One learner for each `training` key of a report."""

from collections.abc import Callable
from typing import Any

from harmodels.training.learners import minibatch
from harmodels.training.learners.base import Learner, Losses, Recordings, State, rows_tensor
from harmodels.training.learners.perceptron import PerceptronLearner
from harmodels.training.learners.recurrent import RecurrentLearner
from harmodels.training.learners.truncated_bptt import TruncatedBpttLearner

__all__ = ["Learner", "Losses", "Recordings", "State", "make_learner", "rows_tensor"]

LEARNERS: dict[str, Callable[[Any, str, int], Learner]] = {
    "truncated_bptt": TruncatedBpttLearner,
    "minibatch": minibatch.make,
    "perceptron": PerceptronLearner,
    "recurrent": RecurrentLearner,
}


def make_learner(training: str, options: Any, engine: str, threads: int) -> Learner:
    """Return the learner for a report's `training` key.

    Its `engine` is the reference where the compiled one does not know what the options ask for.
    """
    return LEARNERS[training](options, engine, threads)
