"""Recurrent classifier of sequences of unequal length: a dense layer reads the pooled states.

One to four recurrent layers of one kind of cell, in one direction or both; the states of the
highest are pooled (`nn/pooling.py`); dropout before the dense softmax layer. With the last state
and one direction it is the network of report hand_actions, section 2.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.models import read_out
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
    read_out: read_out.ReadOutCache


def initialise(
    generators: list[np.random.Generator],
    *,
    cell: Cell,
    channels: int,
    hidden: int,
    layers: int,
    bidirectional: bool = False,
    pooling: str = "last",
    classes: int,
    scheme: Scheme = KERAS,
    dtype: torch.dtype = torch.float32,
) -> RecurrentClassifier:
    """Draw R classifiers, one from each generator, always from the lowest layer to the output."""
    directions = 2 if bidirectional else 1

    def draw(generator: np.random.Generator) -> RecurrentClassifier:
        widths = [channels] + [directions * hidden] * (layers - 1)
        rnn = [
            scheme.recurrent(generator, cell, width, hidden)
            for width in widths
            for _ in range(directions)
        ]
        features = read_out.features(pooling, directions * hidden)
        output = scheme.linear(generator, features, classes)
        return RecurrentClassifier(stack.stack(rnn, directions), output)

    return draw_replicates(draw, generators, dtype)


def forward(
    params: RecurrentClassifier,
    cell: Cell,
    batch: packing.PackedLayout,
    inputs: Tensor,
    dropout_mask: DropoutMask | None = None,
    pooling: str = "last",
) -> tuple[Tensor, RecurrentClassifierCache]:
    """Return logits (R, B, C) from the pooled states of the highest layer, and a cache.

    `inputs` (R, S, D) are packed (`packing.pack`, `packing.pack_frames`), and the mask of
    `dropout_mask` is (R, B, F) for the F elements of the pooled states, its scale 1 / keep_prob.
    B is in the order of the batch.
    """
    outputs, rnn_caches = stack.forward(cell, params.rnn, batch, inputs)
    logits, cache = read_out.forward(params.output, batch, outputs, dropout_mask, pooling)
    return logits, RecurrentClassifierCache(batch, rnn_caches, cache)


def backward(
    params: RecurrentClassifier,
    cell: Cell,
    cache: RecurrentClassifierCache,
    d_logits: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> RecurrentClassifier:
    """Return the gradients of all parameters for `d_logits` (R, B, C)."""
    d_outputs, d_output = read_out.backward(
        params.output, cache.batch, cache.read_out, d_logits, dropout_mask
    )
    d_rnn = stack.backward_to_params(cell, params.rnn, cache.batch, cache.rnn, d_outputs)
    return RecurrentClassifier(d_rnn, d_output)
