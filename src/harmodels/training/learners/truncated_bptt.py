"""An Elman classifier trained by truncated BPTT, one sequence at a time (report rnn_tbptt)."""

from functools import cache
from typing import Any

from torch import Tensor

from harmodels.config.options import TruncatedBptt
from harmodels.kernels.cuda import tbptt as one_launch
from harmodels.kernels.elman import tbptt as compiled
from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.runtime.log import LOGGER
from harmodels.training.learners._base import Draws, Generators, Losses, SequenceTensors, State
from harmodels.training.learners._elman import ElmanLearner
from harmodels.training.loops import tbptt as reference

# `logged_loss` to how many sequences apart those lie whose last window is logged; 0: all windows
LOGGED_EVERY = {"every_window": 0, "last_of_fifth": 5}


class TruncatedBpttLearner(ElmanLearner):
    """An Elman classifier updated after every window or every sequence."""

    options: TruncatedBptt
    examples = (TruncatedBptt(hidden=4, window=2, epochs=1),)

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw weights and biases from U[-initial_range, initial_range]."""
        draw = uniform(self.options.initial_range)
        params = elman.initialise(
            generators,
            channels=data.frames.shape[-1],
            hidden=self.options.hidden,
            classes=data.classes,
            weights=draw,
            biases=draw,
            dtype=data.frames.dtype,
        )
        return State(params)

    def train_epoch(
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Draws, epoch: int = 1
    ) -> tuple[State, Losses]:
        """Update after every window of every sequence, or after every sequence."""
        options = self.options
        arguments: dict[str, Any] = {
            "window": options.window,
            "learning_rate": options.learning_rate,
            "clip": options.clip,
            "transposed": options.recurrent_gradient == "transposed",
            "update": options.update,
            "first_step_bias": options.first_step_bias,
            "logged_every": LOGGED_EVERY[options.logged_loss],
            "weights": data.weights,
        }
        read = state.params, data.frames, data.starts, data.lengths, data.labels, order
        if self.engine == "compiled":
            params, losses = compiled.train_epoch(
                *read, **arguments, threads=self.threads, kept=self.kept
            )
        elif one_launch.can_train(state.params, data.lengths, options.window):
            _say("an epoch is one launch of a kernel (kernels/cuda)")
            params, losses = one_launch.train_epoch(*read, **arguments)
        else:
            if data.frames.is_cuda:
                _say(
                    "update by update, slower than a processor; networks of up to about 100 units "
                    "train in one launch with numba-cuda (pip install 'harmodels[gpu]')"
                )
            params, losses = reference.train_epoch(*read, **arguments)
        return State(params), losses


@cache
def _say(how: str) -> None:
    """Write to the log, once in a process."""
    LOGGER.info("truncated BPTT on the GPU: %s", how)


LEARNER = TruncatedBpttLearner
