"""An Elman classifier trained over mini-batches through whole sequences (report rnn_minibatch)."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.kernels.elman import minibatch as compiled
from harmodels.models import elman
from harmodels.nn import initialisers, losses
from harmodels.training.learners.base import (
    Generators,
    Losses,
    SequenceTensors,
    State,
)
from harmodels.training.learners.elman import ElmanLearner
from harmodels.training.loops import minibatch as reference

UNIFORM = initialisers.uniform(0.1)

# `initialisation` to the initialisers of all weights but the recurrent ones, and of those
INITIALISERS = {
    "uniform": (UNIFORM, UNIFORM),
    "normal_as_printed": (initialisers.normal_as_printed, initialisers.normal_as_printed),
    "glorot_uniform": (initialisers.glorot_uniform, initialisers.glorot_uniform),
    "orthogonal": (initialisers.glorot_uniform, initialisers.orthogonal),
}


class WholeSequence:
    """Forward and backward pass of an Elman classifier through whole sequences."""

    losses = ("binary_cross_entropy", "negative_log_likelihood")

    def gradients(
        self,
        params: elman.ElmanClassifier,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
    ) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
        """Return gradients summed over the batch and both losses, (R, B)."""
        R, B = labels.shape
        initial = inputs.new_zeros(R, B, params.rnn.bias_hh.shape[-1])
        logits, _, cache = elman.forward(params, inputs, initial)
        targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)
        grads = elman.backward(params, cache, d_logits)
        likelihood = losses.negative_log_likelihood(logits, labels)
        return grads, {"binary_cross_entropy": loss, "negative_log_likelihood": likelihood}


@dataclass(frozen=True)
class MinibatchLearner(ElmanLearner):
    """An Elman classifier updated after every batch."""

    options: Minibatch

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw the weights as the options say; biases are zero."""
        weights, recurrent = INITIALISERS[self.options.initialisation]
        params = elman.initialise(
            generators,
            channels=data.inputs.shape[-1],
            hidden=self.options.hidden,
            classes=data.classes,
            weights=weights,
            biases=initialisers.zeros,
            recurrent=recurrent,
            dtype=data.inputs.dtype,
        )
        return State(params, optim.adam_state(params) if self.options.optimiser == "adam" else ())

    def train_epoch(
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        read = (data.inputs, data.labels, order)
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
        params, optimiser, means = reference.train_epoch(
            WholeSequence(),
            *state,
            *read,
            batch_size=batch_size,
            reduction="mean",
            step=self._step,
            loop=self.loop,
        )
        return State(params, optimiser), means

    def _step(self, params: Any, grads: Any, optimiser: Any) -> tuple[Any, Any]:
        if self.options.clip_norm is not None:
            grads = optim.clip_by_norm(grads, self.options.clip_norm)
        if self.options.optimiser == "adam":
            return optim.adam_step(params, grads, optimiser, self.options.learning_rate)
        return optim.sgd_step(params, grads, self.options.learning_rate), optimiser


def make(options: Minibatch, engine: str, threads: int) -> MinibatchLearner:
    """Return the learner; the compiled loop implements plain gradient descent only."""
    if options.optimiser != "sgd" or options.clip_norm is not None:
        engine = "reference"
    return MinibatchLearner(options, engine, threads)
