"""An Elman classifier trained by truncated BPTT, one sequence at a time (report rnn_tbptt)."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from harmodels.config.options import TruncatedBptt
from harmodels.kernels.elman import tbptt as compiled
from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.training.learners.base import (
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
    one_by_one,
)
from harmodels.training.loops import tbptt as reference
from harmodels.training.loops.cuda_graphs import RecordedLoop


@dataclass(frozen=True)
class TruncatedBpttLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    options: TruncatedBptt
    engine: str
    threads: int
    loop: RecordedLoop = field(default_factory=RecordedLoop, init=False, repr=False, compare=False)

    def initialise(self, generators: Generators, recordings: SequenceTensors) -> State:
        """Draw weights and biases from U[-initial_range, initial_range]."""
        draw = uniform(self.options.initial_range)
        params = elman.initialise(
            generators,
            channels=recordings.inputs.shape[-1],
            hidden=self.options.hidden,
            classes=recordings.classes,
            weights=draw,
            biases=draw,
            dtype=recordings.inputs.dtype,
        )
        return State(params)

    def train_epoch(
        self, state: State, recordings: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every window of every sequence."""
        arguments: dict[str, Any] = {
            "window": self.options.window,
            "learning_rate": self.options.learning_rate,
            "clip": self.options.clip,
            "transposed": self.options.recurrent_gradient == "transposed",
        }
        read = (state.params, recordings.inputs, recordings.labels, order)
        if self.engine == "compiled":
            params, losses = compiled.train_epoch(*read, **arguments, threads=self.threads)
        else:
            params, losses = reference.train_epoch(*read, **arguments, loop=self.loop)
        return State(params), losses

    def scores(
        self, params: elman.ElmanClassifier, recordings: SequenceTensors, rows: Tensor
    ) -> Tensor:
        """Classify by the state after the last step."""
        inputs = recordings.inputs
        if self.engine == "compiled":
            return one_by_one(
                lambda one, mine: compiled.scores(one, inputs[mine]), params, rows, self.threads
            )
        return in_parts(lambda part: reference.scores(params, inputs[part]), rows)

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return both readings of the report's loss."""
        return reference.mean_losses(scores, labels)


make = TruncatedBpttLearner
