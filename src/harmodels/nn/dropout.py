"""Dropout in its two forms; the masks are drawn by the caller. Derivation: docs/derivations/mlp.md.

The report's form masks in training and scales by the probability of being kept in use; the
inverted form divides by that probability in training and leaves use alone. Both have the same
expectation at the next layer.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class DropoutMask(NamedTuple):
    """Dropout of one pass: a mask (R, B, H) of zeros and ones, and the scale of kept units."""

    mask: Tensor
    scale: float


def draw_masks(generator: np.random.Generator, shape: tuple[int, ...], keep: float) -> Tensor:
    """Return ones with probability `keep`, otherwise zeros, as uint8."""
    return torch.from_numpy((generator.random(shape, dtype=np.float32) < keep).astype(np.uint8))


def forward(inputs: Tensor, mask: Tensor, scale: float = 1.0) -> Tensor:
    """Return inputs · mask · scale; scale is 1 in the report's form, 1 / keep when inverted."""
    return inputs * mask * scale


def backward(mask: Tensor, d_outputs: Tensor, scale: float = 1.0) -> Tensor:
    """Return the gradient at the inputs: the same mask and scale."""
    return d_outputs * mask * scale
