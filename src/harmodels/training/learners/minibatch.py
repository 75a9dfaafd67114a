"""An Elman classifier trained over mini-batches through whole sequences (report rnn_minibatch)."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.kernels.elman import minibatch as compiled
from harmodels.kernels.elman import tbptt as elman_tbptt
from harmodels.models import elman
from harmodels.nn import initialisers, losses
from harmodels.training.learners.base import (
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
    one_by_one,
)
from harmodels.training.loops import minibatch as reference
from harmodels.training.loops import tbptt
from harmodels.training.loops.cuda_graphs import RecordedLoop

INITIALISERS = {
    "uniform": initialisers.uniform(0.1),
    "normal_as_printed": initialisers.normal_as_printed,
    "glorot_uniform": initialisers.glorot_uniform,
    "orthogonal": initialisers.glorot_uniform,
}


class WholeSequence:
    """Forward and backward pass of an Elman classifier through whole sequences."""

    losses = ("binary_cross_entropy", "negative_log_likelihood")

    def gradients(
        self,
        params: elman.ElmanClassifier,
        inputs: Tensor,
        labels: Tensor,
        drawn: Tensor | None,
    ) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
        """Return gradients summed over the batch and both readings of the loss, (R, B)."""
        R, B = labels.shape
        initial = inputs.new_zeros(R, B, params.rnn.bias_hh.shape[-1])
        logits, _, cache = elman.forward(params, inputs, initial)
        targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)
        grads = elman.backward(params, cache, d_logits)
        likelihood = losses.negative_log_likelihood(logits, labels)
        return grads, {"binary_cross_entropy": loss, "negative_log_likelihood": likelihood}


@dataclass(frozen=True)
class MinibatchLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    options: Minibatch
    engine: str
    threads: int
    loop: RecordedLoop = field(default_factory=RecordedLoop, init=False, repr=False, compare=False)

    def initialise(self, generators: Generators, recordings: SequenceTensors) -> State:
        """Draw the weights as the options say; biases are zero."""
        draw = INITIALISERS[self.options.initialisation]
        orthogonal = self.options.initialisation == "orthogonal"
        params = elman.initialise(
            generators,
            channels=recordings.inputs.shape[-1],
            hidden=self.options.hidden,
            classes=recordings.classes,
            weights=draw,
            biases=initialisers.zeros,
            recurrent=initialisers.orthogonal if orthogonal else draw,
            dtype=recordings.inputs.dtype,
        )
        return State(params, optim.adam_state(params) if self.options.optimiser == "adam" else ())

    def train_epoch(
        self, state: State, recordings: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        read = (recordings.inputs, recordings.labels, order)
        batch_size, rate = self.options.batch_size, self.options.learning_rate
        if self.engine == "compiled":
            params, means = compiled.train_epoch(
                state.params,
                *read,
                batch_size=batch_size,
                learning_rate=rate,
                threads=self.threads,
            )
            return State(params), means
        params, memory, means = reference.train_epoch(
            WholeSequence(),
            *state,
            *read,
            batch_size=batch_size,
            reduction="mean",
            step=self._step,
            loop=self.loop,
        )
        return State(params, memory), means

    def scores(
        self, params: elman.ElmanClassifier, recordings: SequenceTensors, rows: Tensor
    ) -> Tensor:
        """Classify by the state after the last step."""
        inputs = recordings.inputs
        if self.engine == "compiled":
            return one_by_one(
                lambda one, mine: elman_tbptt.scores(one, inputs[mine]), params, rows, self.threads
            )
        return in_parts(lambda part: tbptt.scores(params, inputs[part]), rows)

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return both readings of the loss."""
        return tbptt.mean_losses(scores, labels)

    def _step(self, params: Any, grads: Any, memory: Any) -> tuple[Any, Any]:
        if self.options.clip_norm is not None:
            grads = optim.clip_by_norm(grads, self.options.clip_norm)
        if self.options.optimiser == "adam":
            return optim.adam_step(params, grads, memory, self.options.learning_rate)
        return optim.sgd_step(params, grads, self.options.learning_rate), memory


def make(options: Minibatch, engine: str, threads: int) -> MinibatchLearner:
    """Return the learner; the compiled loop knows plain gradient descent only."""
    if options.optimiser != "sgd" or options.clip_norm is not None:
        engine = "reference"
    return MinibatchLearner(options, engine, threads)
