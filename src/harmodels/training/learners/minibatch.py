"""An Elman classifier trained over mini-batches through whole sequences (report rnn_minibatch)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.kernels.elman import minibatch as dense
from harmodels.kernels.elman import packed_minibatch as packed
from harmodels.models import elman
from harmodels.nn import initialisers, losses
from harmodels.nn.devices import send
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
    "normal_as_variance": (initialisers.normal_as_variance, initialisers.normal_as_variance),
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
        return gradients(params, inputs, labels, None)


@dataclass(frozen=True)
class PaddedSequence:
    """Forward and backward pass through sequences of unequal length; `inputs` are their numbers.

    The numbers are on the host, so that no padded copy of all sequences exists.
    """

    data: SequenceTensors
    losses = WholeSequence.losses

    def gradients(
        self,
        params: elman.ElmanClassifier,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
    ) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
        """Return gradients summed over the batch and both losses, (R, B)."""
        padded, lengths = self.data.padded(inputs)
        return gradients(params, padded, send(labels, padded.device), lengths)


def gradients(
    params: elman.ElmanClassifier, inputs: Tensor, labels: Tensor, lengths: Tensor | None
) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
    """Return gradients summed over the batch and both losses (R, B) of inputs (R, B, T, D)."""
    R, B = labels.shape
    initial = inputs.new_zeros(R, B, params.rnn.bias_hh.shape[-1])
    logits, _, cache = elman.forward(params, inputs, initial, lengths)
    targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
    loss, d_logits = losses.binary_cross_entropy(logits, targets)
    likelihood = losses.negative_log_likelihood(logits, labels)
    values = {"binary_cross_entropy": loss, "negative_log_likelihood": likelihood}
    return elman.backward(params, cache, d_logits), values


@dataclass(frozen=True)
class MinibatchLearner(ElmanLearner):
    """An Elman classifier updated after every batch."""

    options: Minibatch

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw the weights as the options say; biases are zero."""
        weights, recurrent = INITIALISERS[self.options.initialisation]
        params = elman.initialise(
            generators,
            channels=data.frames.shape[-1],
            hidden=self.options.hidden,
            classes=data.classes,
            weights=weights,
            biases=initialisers.zeros,
            recurrent=recurrent,
            dtype=data.frames.dtype,
        )
        return State(params, optim.adam_state(params) if self.options.optimiser == "adam" else ())

    def train_epoch(
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        if self.engine == "reference":
            return self._train_on_tensors(state, data, order)
        options = self.options
        plain = options.optimiser == "sgd" and options.clip_norm is None
        if plain and data.equal_length:
            params, means = dense.train_epoch(
                state.params,
                data.inputs,
                data.labels,
                order,
                batch_size=options.batch_size,
                learning_rate=options.learning_rate,
                hidden_bias=options.hidden_bias,
                threads=self.threads,
            )
            return State(params), means
        params, optimiser, means = packed.train_epoch(
            *state,
            data.frames,
            data.starts,
            data.lengths,
            data.labels,
            order,
            batch_size=options.batch_size,
            optimiser=options.optimiser,
            learning_rate=options.learning_rate,
            clip_norm=options.clip_norm,
            hidden_bias=options.hidden_bias,
            threads=self.threads,
        )
        return State(params, optimiser), means

    def _train_on_tensors(
        self, state: State, data: SequenceTensors, order: Tensor
    ) -> tuple[State, Losses]:
        arguments: dict[str, Any] = {
            "batch_size": self.options.batch_size, "reduction": "mean", "step": self._step
        }  # fmt: skip
        if data.equal_length:
            params, optimiser, means = reference.train_epoch(
                WholeSequence(), *state, data.inputs, data.labels, order,
                **arguments, loop=self.loop,
            )  # fmt: skip
        else:
            numbers = torch.arange(len(data.labels))
            params, optimiser, means = reference.train_epoch(
                PaddedSequence(data), *state, numbers, data.labels.cpu(), order.cpu(), **arguments
            )
        return State(params, optimiser), means

    def _step(self, params: Any, grads: Any, optimiser: Any) -> tuple[Any, Any]:
        if not self.options.hidden_bias:
            still = torch.zeros_like(grads.rnn.bias_ih)
            grads = grads._replace(rnn=grads.rnn._replace(bias_ih=still, bias_hh=still))
        if self.options.clip_norm is not None:
            grads = optim.clip_by_norm(grads, self.options.clip_norm)
        if self.options.optimiser == "adam":
            return optim.adam_step(params, grads, optimiser, self.options.learning_rate)
        return optim.sgd_step(params, grads, self.options.learning_rate), optimiser


make = MinibatchLearner
