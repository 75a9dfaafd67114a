"""Recurrent classifiers of sequences of any length, trained with Adam (report hand_actions)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harmodels import optim
from harmodels.config.options import Recurrent
from harmodels.nn import dropout, losses, packing
from harmodels.nn.devices import send
from harmodels.nn.dropout import DropoutMask
from harmodels.training.learners.architectures import Architecture, architecture
from harmodels.training.learners.base import (
    Generators,
    Losses,
    SequenceTensors,
    State,
    in_parts,
    one_by_one,
)
from harmodels.training.loops import minibatch

EPSILON = 1e-7  # of Adam, as in Keras, with which the report was made


@dataclass(frozen=True)
class SequencePass:
    """Forward and backward pass over packed batches; what is drawn are masks, (R, B, H) uint8.

    The readable loop's `inputs` are sample numbers: a batch is packed straight from the frames,
    and no padded array exists. They and the labels are on the host, which plans a batch while a
    GPU is busy with those before.
    """

    network: Architecture
    recordings: SequenceTensors
    scale: float
    losses = ("cross_entropy",)

    def gradients(
        self, params: Any, inputs: Tensor, labels: Tensor, drawn: Tensor | None
    ) -> tuple[Any, dict[str, Tensor]]:
        """Return gradients summed over the batch and the cross-entropies (R, B)."""
        dropout_mask = None if drawn is None else DropoutMask(drawn, self.scale)
        batch, packed = pack(self.recordings, inputs)
        logits, cache = self.network.forward(params, batch, packed, dropout_mask)
        labels = send(labels, logits.device)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels)
        grads = self.network.backward(params, cache, d_logits, dropout_mask)
        return grads, {"cross_entropy": loss}


def pack(recordings: SequenceTensors, samples: Tensor) -> tuple[packing.PackedLayout, Tensor]:
    """Return the layout of the sequences `samples` (R, B) and their frames (R, S, D).

    The samples are on the host, the result is where the frames are.
    """
    device = recordings.frames.device
    batch = packing.layout(recordings.lengths[samples]).to(device)
    starts = send(recordings.starts[samples], device)
    return batch, packing.pack_frames(batch, recordings.frames, starts)


@dataclass(frozen=True)
class RecurrentLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    options: Recurrent
    engine: str
    threads: int

    def initialise(self, generators: Generators, recordings: SequenceTensors) -> State:
        """Draw the weights as Keras or torch does."""
        params = self._network(recordings).initialise(
            generators, recordings.frames.shape[-1], recordings.classes, recordings.frames.dtype
        )
        return State(params, optim.adam_state(params))

    def train_epoch(
        self, state: State, recordings: SequenceTensors, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Update after every batch."""
        network, options = self._network(recordings), self.options
        masks = self._masks(dropout, order)
        scale = 1 / (1 - options.dropout)
        if self.engine == "compiled":
            params, memory, means = network.train_compiled(
                *state,
                recordings,
                order,
                masks,
                batch_size=options.batch_size,
                learning_rate=options.learning_rate,
                epsilon=EPSILON,
                scale=scale,
                threads=self.threads,
            )
        else:
            params, memory, means = minibatch.train_epoch(
                SequencePass(network, recordings, scale),
                *state,
                torch.arange(len(recordings.labels)),
                recordings.labels.cpu(),
                order.cpu(),
                masks,
                batch_size=options.batch_size,
                reduction="mean",
                step=self._step,
            )
        return State(params, memory), means

    def scores(self, params: Any, recordings: SequenceTensors, rows: Tensor) -> Tensor:
        """Classify by the state after each sequence's last step, without dropout."""
        network = self._network(recordings)
        if self.engine == "compiled":
            return one_by_one(
                lambda one, mine: network.score_compiled(one, recordings, mine, threads=1),
                params,
                rows,
                self.threads,
            )

        def score(part: Tensor) -> Tensor:
            batch, packed = pack(recordings, part)
            return network.forward(params, batch, packed, None)[0]

        return in_parts(score, rows.cpu())

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return the mean cross-entropy."""
        loss, _ = losses.softmax_cross_entropy(scores, labels)
        return {"cross_entropy": loss.double().mean()}

    def _network(self, recordings: SequenceTensors) -> Architecture:
        return architecture(self.options, recordings)

    def _masks(self, generators: Generators, order: Tensor) -> Tensor | None:
        if not self.options.dropout:
            return None
        shape = (order.shape[1], self.options.hidden)
        keep = 1 - self.options.dropout
        drawn = [dropout.draw_masks(generator, shape, keep) for generator in generators]
        return send(torch.stack(drawn), order.device)

    def _step(self, params: Any, grads: Any, memory: Any) -> tuple[Any, Any]:
        rate = self.options.learning_rate
        return optim.adam_step(params, grads, memory, rate, epsilon=EPSILON)


make = RecurrentLearner
