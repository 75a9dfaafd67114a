"""Recurrent classifier of sequences of unequal length: a dense layer reads the last state.

One to four recurrent layers of one kind of cell; dropout between the last valid state of the
highest layer and the dense softmax layer (report hand_actions, section 2).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.models import last_state
from harmodels.nn import linear, packing, stack
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import KERAS, Scheme
from harmodels.nn.params import draw_replicates
from harmodels.nn.recurrent import Cell, RecurrentCache


class RecurrentClassifier(NamedTuple):
    """Parameters of R classifiers."""

    rnn: stack.StackParams
    output: linear.LinearParams


class RecurrentClassifierCache(NamedTuple):
    """What the backward pass needs."""

    batch: packing.PackedLayout
    rnn: list[RecurrentCache]
    output: Tensor


def initialise(
    generators: list[np.random.Generator],
    *,
    cell: Cell,
    channels: int,
    hidden: int,
    layers: int,
    classes: int,
    scheme: Scheme = KERAS,
    dtype: torch.dtype = torch.float32,
) -> RecurrentClassifier:
    """Draw R classifiers, one from each generator, always from the lowest layer to the output."""

    def draw(generator: np.random.Generator) -> RecurrentClassifier:
        widths = [channels] + [hidden] * (layers - 1)
        rnn = [scheme.recurrent(generator, cell, width, hidden) for width in widths]
        return RecurrentClassifier(stack.stack(rnn), scheme.linear(generator, hidden, classes))

    return draw_replicates(draw, generators, dtype)


def forward(
    params: RecurrentClassifier,
    cell: Cell,
    batch: packing.PackedLayout,
    inputs: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> tuple[Tensor, RecurrentClassifierCache]:
    """Return logits (R, B, C) from the highest layer's state after the last step, and a cache.

    `inputs` (R, S, D) are packed (`packing.pack`, `packing.pack_frames`), and the mask of
    `dropout_mask` is (R, B, H), its scale 1 / keep_prob. B is in the order of the batch.
    """
    outputs, rnn_caches = stack.forward(cell, params.rnn, batch.size_at_t, inputs)
    logits, output_cache = last_state.forward(params.output, batch, outputs, dropout_mask)
    return logits, RecurrentClassifierCache(batch, rnn_caches, output_cache)


def backward(
    params: RecurrentClassifier,
    cell: Cell,
    cache: RecurrentClassifierCache,
    d_logits: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> RecurrentClassifier:
    """Return the gradients of all parameters for `d_logits` (R, B, C)."""
    batch, rnn_caches, output_cache = cache
    d_outputs, d_output = last_state.backward(
        params.output, batch, output_cache, d_logits, dropout_mask
    )
    d_rnn = stack.backward_to_params(cell, params.rnn, rnn_caches, d_outputs)
    return RecurrentClassifier(d_rnn, d_output)
