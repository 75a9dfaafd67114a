"""Hierarchical classifier of hands: a recurrent layer a finger, one over the hand, a dense layer.

Each finger's joints, joined with the wrist, go through a recurrent layer of their own; the
fingers' output sequences are joined and go through a second one, whose pooled states are classified
(of report hand_actions, section 3, the last state). The fingers are an axis F beside the
replicates: R·F layers run as one. Derivation: docs/derivations/hierarchical.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.errors import DataError
from harmodels.models import read_out
from harmodels.nn import linear, packing, recurrent
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import KERAS, Scheme
from harmodels.nn.params import draw_replicates, map_params
from harmodels.nn.recurrent import Cell, RecurrentCache, RecurrentParams


class HierarchicalClassifier(NamedTuple):
    """Parameters of R classifiers with F fingers of K channels."""

    fingers: RecurrentParams  # (R, F, G·H₁, K), …: one axis more than a layer
    hand: RecurrentParams  # (R, G·H₂, F·H₁), …
    output: linear.LinearParams


class HierarchicalCache(NamedTuple):
    """What the backward pass needs."""

    batch: packing.PackedLayout
    fingers: RecurrentCache
    hand: RecurrentCache
    read_out: read_out.ReadOutCache


def finger_channels(fingers: Sequence[Sequence[int]], channels: int) -> Tensor:
    """Return (F, K) int64: the input channels of each finger, the wrist's among them."""
    widths = [len(finger) for finger in fingers]
    if not widths or min(widths) < 1 or min(widths) != max(widths):
        raise DataError(
            f"the fingers have {widths} channels: they run as one product, so give each finger "
            "the same number of joints (at least one)"
        )
    for index, finger in enumerate(fingers):
        wrong = [channel for channel in finger if not 0 <= channel < channels]
        if wrong:
            raise DataError(
                f"finger {index} names channel {wrong[0]}, but the sequences have channels "
                f"0 to {channels - 1}"
            )
    return torch.tensor([list(finger) for finger in fingers])


def initialise(
    generators: list[np.random.Generator],
    *,
    cell: Cell,
    fingers: Tensor,
    finger_hidden: int,
    hand_hidden: int,
    pooling: str = "last",
    classes: int,
    scheme: Scheme = KERAS,
    dtype: torch.dtype = torch.float32,
) -> HierarchicalClassifier:
    """Draw R classifiers, one from each generator: the fingers in turn, the hand, the output."""
    F, K = fingers.shape

    def draw(generator: np.random.Generator) -> HierarchicalClassifier:
        each = [scheme.recurrent(generator, cell, K, finger_hidden) for _ in range(F)]
        return HierarchicalClassifier(
            map_params(lambda *tensors: torch.stack(tensors), *each),
            scheme.recurrent(generator, cell, F * finger_hidden, hand_hidden),
            scheme.linear(generator, read_out.features(pooling, hand_hidden), classes),
        )

    return draw_replicates(draw, generators, dtype)


def forward(
    params: HierarchicalClassifier,
    cell: Cell,
    fingers: Tensor,
    batch: packing.PackedLayout,
    inputs: Tensor,
    dropout_mask: DropoutMask | None = None,
    pooling: str = "last",
) -> tuple[Tensor, HierarchicalCache]:
    """Return logits (R, B, C) from the hand's pooled states, and a cache.

    Arguments as of `recurrent_classifier.forward`; `fingers` (F, K) is from `finger_channels`.
    """
    parts = _fold(inputs[..., fingers].transpose(1, 2))  # (R, S, F, K) to (R·F, S, K)
    sequences, finger_cache = recurrent.forward(
        cell, map_params(_fold, params.fingers), batch.size_at_t, parts
    )  # (R·F, S, H₁)
    joined = _unfold(sequences, len(fingers)).transpose(1, 2).flatten(2)  # (R, S, F·H₁)
    outputs, hand_cache = recurrent.forward(cell, params.hand, batch.size_at_t, joined)
    logits, cache = read_out.forward(params.output, batch, outputs, dropout_mask, pooling)
    return logits, HierarchicalCache(batch, finger_cache, hand_cache, cache)


def backward(
    params: HierarchicalClassifier,
    cell: Cell,
    cache: HierarchicalCache,
    d_logits: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> HierarchicalClassifier:
    """Return the gradients of all parameters for `d_logits` (R, B, C)."""
    F = params.fingers.weight_ih.shape[1]
    d_outputs, d_output = read_out.backward(
        params.output, cache.batch, cache.read_out, d_logits, dropout_mask
    )
    d_joined, d_hand = recurrent.backward(cell, params.hand, cache.hand, d_outputs)
    d_sequences = _fold(torch.unflatten(d_joined, -1, (F, -1)).transpose(1, 2))  # (R·F, S, H₁)
    d_fingers = recurrent.backward_to_params(
        cell, map_params(_fold, params.fingers), cache.fingers, d_sequences
    )
    return HierarchicalClassifier(
        map_params(lambda tensor: _unfold(tensor, F), d_fingers), d_hand, d_output
    )


def _fold(tensor: Tensor) -> Tensor:
    """Return (R, F, …) as (R·F, …): a finger of a replicate is one more network."""
    return tensor.flatten(0, 1)


def _unfold(tensor: Tensor, fingers: int) -> Tensor:
    """Return (R·F, …) as (R, F, …)."""
    return torch.unflatten(tensor, 0, (-1, fingers))
