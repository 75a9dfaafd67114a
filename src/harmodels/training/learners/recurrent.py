"""Recurrent classifiers of sequences of any length, trained with Adam (report hand_actions)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Recurrent
from harmodels.errors import TrainingError
from harmodels.kernels.recurrent import classifier as compiled
from harmodels.kernels.recurrent.cells import CELLS as COMPILED
from harmodels.models import hierarchical, recurrent_classifier
from harmodels.nn import losses, packing
from harmodels.nn.cells import CELLS
from harmodels.nn.devices import send
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import SCHEMES
from harmodels.training.learners._base import (
    Draws,
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
)
from harmodels.training.learners._softmax import SoftmaxLearner, draw_dropout_masks
from harmodels.training.loops import minibatch

EPSILON = 1e-7  # of Adam, the default of Keras, which the report used


class Architecture(NamedTuple):
    """A classifier of packed sequences."""

    initialise: Callable[[Generators], Any]
    forward: Callable[..., tuple[Tensor, Any]]  # (params, layout, inputs, mask) -> logits, cache
    backward: Callable[..., Any]  # (params, cache, d_logits, mask) -> gradients
    fingers: Tensor | None  # (F, K) channels of each; None: all channels at once


def architecture(options: Recurrent, data: SequenceTensors) -> Architecture:
    """Return the architecture that the options name, for these sequences.

    Raises TrainingError if it is a hierarchy of fingers and the data set names none.
    """
    cell, channels = CELLS[options.cell], data.frames.shape[-1]
    shared: dict[str, Any] = {
        "cell": cell, "classes": data.classes, "scheme": SCHEMES[options.initialisation],
        "dtype": data.frames.dtype, "pooling": options.pooling,
    }  # fmt: skip
    if options.architecture == "plain":
        return Architecture(
            partial(
                recurrent_classifier.initialise,
                channels=channels, hidden=options.hidden, layers=options.layers,
                bidirectional=options.bidirectional, **shared,
            ),
            lambda params, batch, inputs, mask: recurrent_classifier.forward(
                params, cell, batch, inputs, mask, options.pooling
            ),
            lambda params, *rest: recurrent_classifier.backward(params, cell, *rest),
            None,
        )  # fmt: skip
    if data.fingers is None:
        raise TrainingError(
            "architecture: hierarchical needs a data set of hands (sfinge3d, fpha, "
            "simulated-hands); choose one of them or architecture: plain"
        )
    fingers = hierarchical.finger_channels(data.fingers.tolist(), channels).to(data.frames.device)
    return Architecture(
        partial(
            hierarchical.initialise,
            fingers=fingers,
            finger_hidden=options.finger_hidden or max(1, options.hidden // 10),
            hand_hidden=options.hidden,
            **shared,
        ),
        lambda params, batch, inputs, mask: hierarchical.forward(
            params, cell, fingers, batch, inputs, mask, options.pooling
        ),
        lambda params, *rest: hierarchical.backward(params, cell, *rest),
        fingers,
    )


@dataclass(frozen=True)
class SequenceLoss:
    """Forward and backward pass over packed batches; the dropout masks are (R, B, F) uint8.

    The readable loop's `inputs` are sample numbers: a batch is packed straight from the frames,
    and no padded array exists. They and the labels are on the host, which plans a batch while a
    GPU is busy with those before.
    """

    network: Architecture
    data: SequenceTensors
    scale: float
    losses = ("cross_entropy",)

    def gradients(
        self,
        params: Any,
        inputs: Tensor,
        labels: Tensor,
        dropout_masks: Tensor | None,
        weights: Tensor | None,
    ) -> tuple[Any, dict[str, Tensor]]:
        """Return gradients of the weighted losses, summed, and the losses (R, B) without."""
        dropout_mask = None if dropout_masks is None else DropoutMask(dropout_masks, self.scale)
        batch, packed = pack(self.data, inputs)
        logits, cache = self.network.forward(params, batch, packed, dropout_mask)
        labels = send(labels, logits.device)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels)
        d_logits = losses.weighted(d_logits, weights)
        grads = self.network.backward(params, cache, d_logits, dropout_mask)
        return grads, {"cross_entropy": loss}


def pack(data: SequenceTensors, samples: Tensor) -> tuple[packing.PackedLayout, Tensor]:
    """Return the layout of the sequences `samples` (R, B) and their frames (R, S, D).

    The samples are on the host, the result is where the frames are.
    """
    device = data.frames.device
    batch = packing.layout(data.lengths[samples]).to(device)
    starts = send(data.starts[samples], device)
    return batch, packing.pack_frames(batch, data.frames, starts)


class RecurrentLearner(SoftmaxLearner):
    """A recurrent classifier, plain or hierarchical, updated after every batch."""

    options: Recurrent
    examples = (Recurrent(hidden=4, batch_size=2, epochs=1),)

    @classmethod
    def is_compiled(cls, options: Any) -> bool:
        """Return whether the mathematics of the cell is compiled."""
        return options.cell in COMPILED

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw the weights as Keras or torch does."""
        params = architecture(self.options, data).initialise(generators)
        return State(params, optim.adam_state(params))

    def train_epoch(
        self, state: State, data: SequenceTensors, order: Tensor, dropout: Draws, epoch: int = 1
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        network, options = architecture(self.options, data), self.options
        masks = draw_dropout_masks(dropout, order, options.features, options.dropout)
        scale, rates = 1 / (1 - options.dropout), self.rates(epoch, order)
        if self.engine == "compiled":
            params, optimiser, means = compiled.train_epoch(
                *state,
                data.frames,
                data.starts,
                data.lengths,
                data.labels,
                order,
                masks,
                cell=options.cell,
                pooling=options.pooling,
                fingers=network.fingers,
                weights=data.weights,
                batch_size=options.batch_size,
                rates=rates,
                epsilon=EPSILON,
                clip_norm=options.clip_norm,
                weight_decay=options.weight_decay,
                scale=scale,
                threads=self.threads,
                kept=self.kept,
            )
        else:
            params, optimiser, means = minibatch.train_epoch(
                SequenceLoss(network, data, scale),
                *state,
                torch.arange(len(data.labels)),
                data.labels.cpu(),
                order.cpu(),
                masks,
                weights=data.weights,
                batch_size=options.batch_size,
                rates=rates,
                reduction="mean",
                step=self._step,
            )
        return State(params, optimiser), means

    def scores(self, params: Any, data: SequenceTensors, indices: Tensor) -> Tensor:
        """Classify by the pooled states of each sequence, without dropout."""
        network, options = architecture(self.options, data), self.options
        if self.engine == "compiled":
            read = data.frames, data.starts, data.lengths
            return compiled.scores(
                params, *read, indices, cell=options.cell, pooling=options.pooling,
                fingers=network.fingers, threads=self.threads, kept=self.kept_scoring,
            )  # fmt: skip

        def score(part: Tensor) -> Tensor:
            batch, packed = pack(data, part)
            return network.forward(params, batch, packed, None)[0]

        return in_parts(score, indices.cpu(), data.lengths)

    def _step(self, params: Any, grads: Any, optimiser: Any, rate: Tensor) -> tuple[Any, Any]:
        params, grads = self.before_step(params, grads, rate)
        return optim.adam_step(params, grads, optimiser, rate, epsilon=EPSILON)


LEARNER = RecurrentLearner
