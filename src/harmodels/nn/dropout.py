"""Dropout in its two forms; the caller draws the masks. Derivation: docs/derivations/mlp.md.

The report's form masks in training and scales by `keep_prob`, the probability that a unit is kept,
at inference; the inverted form divides by it in training and changes nothing at inference. Both
give the next layer the same expectation. What the report's program does is neither: it is in
`models/mlp.py`, since its backward pass knows no mask.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class DropoutMask(NamedTuple):
    """Dropout of one pass: a mask (R, B, H) of zeros and ones, and the scale of kept units."""

    mask: Tensor
    scale: float


def draw_masks(generator: np.random.Generator, shape: tuple[int, ...], keep_prob: float) -> Tensor:
    """Return ones with probability `keep_prob`, otherwise zeros, as uint8."""
    kept = generator.random(shape, dtype=np.float32) < keep_prob
    return torch.from_numpy(kept.astype(np.uint8))


def forward(inputs: Tensor, mask: Tensor, scale: float = 1.0) -> Tensor:
    """Return inputs · mask · scale; scale is 1 in the report's form, 1 / keep_prob inverted."""
    return inputs * mask * scale


def backward(mask: Tensor, d_outputs: Tensor, scale: float = 1.0) -> Tensor:
    """Return the gradient at the inputs: the same mask and scale."""
    return d_outputs * mask * scale
