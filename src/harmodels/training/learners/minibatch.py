"""An Elman classifier trained over mini-batches through whole sequences (report rnn_minibatch)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Minibatch
from harmodels.kernels.elman import minibatch as compiled
from harmodels.models import elman
from harmodels.nn import initialisers, losses
from harmodels.nn.devices import send
from harmodels.training.learners._base import Draws, Generators, Losses, SequenceTensors, State
from harmodels.training.learners._elman import ElmanLearner
from harmodels.training.loops import minibatch as reference
from harmodels.training.loops.cuda_graphs import plain_loop

UNIFORM = initialisers.uniform(0.1)

# `initialisation` to the initialisers of all weights but the recurrent ones, and of those
INITIALISERS = {
    "uniform": (UNIFORM, UNIFORM),
    "normal_as_printed": (initialisers.normal_as_printed, initialisers.normal_as_printed),
    "normal_as_variance": (initialisers.normal_as_variance, initialisers.normal_as_variance),
    "glorot_uniform": (initialisers.glorot_uniform, initialisers.glorot_uniform),
    "orthogonal": (initialisers.glorot_uniform, initialisers.orthogonal),
}


@dataclass(frozen=True)
class SequenceLoss:
    """Forward and backward pass of an Elman classifier through whole sequences.

    `data` is given where sequences differ in length; the `inputs` are then their numbers, on the
    host: no padded copy of all of them exists.
    """

    data: SequenceTensors | None = None
    losses = ("binary_cross_entropy", "negative_log_likelihood")

    def gradients(
        self,
        params: elman.ElmanClassifier,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
        weights: Tensor | None,
    ) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
        """Return gradients of the weighted losses, summed, and both losses (R, B) without."""
        lengths = None
        if self.data is not None:
            inputs, lengths = self.data.padded(inputs)  # (R, B, T, D), (R, B)
            labels = send(labels, inputs.device)
        initial = inputs.new_zeros(*labels.shape, params.rnn.bias_hh.shape[-1])
        logits, _, cache = elman.forward(params, inputs, initial, lengths)
        targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)
        likelihood = losses.negative_log_likelihood(logits, labels)
        values = dict(zip(self.losses, (loss, likelihood), strict=True))
        return elman.backward(params, cache, losses.weighted(d_logits, weights)), values


class MinibatchLearner(ElmanLearner):
    """An Elman classifier updated after every batch."""

    options: Minibatch
    examples = (Minibatch(hidden=4, batch_size=2, epochs=1),)

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
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Draws, epoch: int = 1
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        options, rates = self.options, self.rates(epoch, order)
        if self.engine == "reference":
            return self._train_on_tensors(state, data, order, rates)
        params, optimiser, means = compiled.train_epoch(
            *state,
            data.frames,
            data.starts,
            data.lengths,
            data.labels,
            order,
            weights=data.weights,
            batch_size=options.batch_size,
            optimiser=options.optimiser,
            rates=rates,
            clip_norm=options.clip_norm,
            weight_decay=options.weight_decay,
            hidden_bias=options.hidden_bias,
            threads=self.threads,
            kept=self.kept,
        )
        return State(params, optimiser), means

    def _train_on_tensors(
        self, state: State, data: SequenceTensors, order: Tensor, rates: NDArray[np.float64]
    ) -> tuple[State, Losses]:
        read: tuple[Any, ...]
        if data.equal_length:
            read = SequenceLoss(), *state, data.inputs, data.labels, order
        else:
            numbers = torch.arange(len(data.labels))
            read = SequenceLoss(data), *state, numbers, data.labels.cpu(), order.cpu()
        params, optimiser, means = reference.train_epoch(
            *read,
            weights=data.weights,
            batch_size=self.options.batch_size,
            rates=rates,
            reduction="mean",
            step=self._step,
            loop=self.loop_of(order) if data.equal_length else plain_loop,
        )
        return State(params, optimiser), means

    def _step(self, params: Any, grads: Any, optimiser: Any, rate: Tensor) -> tuple[Any, Any]:
        biases = params.rnn[2:]
        if not self.options.hidden_bias:
            grads = _with_biases(grads, map(torch.zeros_like, biases))
        params, grads = self.before_step(params, grads, rate)
        if not self.options.hidden_bias:
            params = _with_biases(params, biases)
        if self.options.optimiser == "adam":
            return optim.adam_step(params, grads, optimiser, rate)
        return optim.sgd_step(params, grads, rate), optimiser


def _with_biases(tree: Any, biases: Iterable[Tensor]) -> Any:
    """Return the tree with other `bias_ih` and `bias_hh`."""
    bias_ih, bias_hh = biases
    return tree._replace(rnn=tree.rnn._replace(bias_ih=bias_ih, bias_hh=bias_hh))


LEARNER = MinibatchLearner
