"""A perceptron's parameters as the kernels keep them, one replicate at a time.

The biases are columns or rows of the weights, for inputs that are always one. All widths are
rounded up to whole vector registers; the padding is zero and stays zero. The second layer lies
transposed, so that for one sample a unit of the first layer at zero is a row that nothing reads.
"""

from typing import NamedTuple

import numpy as np
import torch

from harmodels.kernels.compiling import entry_point
from harmodels.kernels.simd.emitter import LINE, padded, zeros
from harmodels.kernels.simd.products import BATCH_ROWS
from harmodels.models.mlp import Mlp
from harmodels.nn.params import map_params, state_dict


class Packed(NamedTuple):
    """One replicate's parameters, velocity or gradient, float32: a flat array, and its parts."""

    flat: np.ndarray
    hidden1: np.ndarray  # (N1 rounded up, Dp), rows [W1 | b1 | 0]
    hidden2: np.ndarray  # (N1 + 1, N2p), the rows of W2ᵀ and then b2
    output: np.ndarray  # (C, N2p), rows [W3 | b3 | 0]


def height(units: int) -> int:
    """Return the rows of the first layer: whole blocks of the product and of the transpose."""
    return padded(-(-units // BATCH_ROWS) * BATCH_ROWS)


def empty(like: Mlp) -> Packed:
    """Return zeros for a network shaped as those of `like`."""
    _, N1, D = like.hidden1.weight.shape
    C, N2 = like.output.weight.shape[1:]
    width = padded(N2 + 1)
    shapes = (height(N1), padded(D + 1)), (N1 + 1, width), (C, width)
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    flat = zeros(1, int(ends[-1]))[0]
    parts = zip(np.split(flat, ends[:-1]), shapes, strict=True)
    return Packed(flat, *(part.reshape(shape) for part, shape in parts))


def no_velocity() -> Packed:
    """Return empty arrays: the velocity of training without momentum."""
    return Packed(np.zeros(0, np.float32), *(np.zeros((0, 0), np.float32) for _ in range(3)))


@entry_point
def _pack(
    packed: Packed, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray,
    w3: np.ndarray, b3: np.ndarray,
) -> None:  # fmt: skip
    (N1, D), N2 = w1.shape, len(b2)
    packed.hidden1[:N1, :D] = w1
    packed.hidden1[:N1, D] = b1
    for i in range(0, N1, LINE):  # whole cache lines at a time
        for j in range(N2):
            for k in range(i, min(i + LINE, N1)):
                packed.hidden2[k, j] = w2[j, k]
    packed.hidden2[N1, :N2] = b2
    packed.output[:, :N2] = w3
    packed.output[:, N2] = b3


@entry_point
def _unpack(
    packed: Packed, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray,
    w3: np.ndarray, b3: np.ndarray,
) -> None:  # fmt: skip
    (N1, D), N2 = w1.shape, len(b2)
    w1[:] = packed.hidden1[:N1, :D]
    b1[:] = packed.hidden1[:N1, D]
    for i in range(0, N1, LINE):
        for j in range(N2):
            for k in range(i, min(i + LINE, N1)):
                w2[j, k] = packed.hidden2[k, j]
    b2[:] = packed.hidden2[N1, :N2]
    w3[:] = packed.output[:, :N2]
    b3[:] = packed.output[:, N2]


def pack(params: Mlp) -> list[Packed]:
    """Copy every replicate's parameters into the kernels' layout."""
    arrays = [tensor.contiguous().numpy() for tensor in state_dict(params).values()]
    replicates = [empty(params) for _ in params.output.bias]
    for r, packed in enumerate(replicates):
        _pack(packed, *(array[r] for array in arrays))
    return replicates


def unpack(replicates: list[Packed], like: Mlp) -> Mlp:
    """Return the replicates as tensors of their own, shaped as `like`."""
    tree = map_params(lambda tensor: torch.empty(tensor.shape), like)
    arrays = [tensor.numpy() for tensor in state_dict(tree).values()]
    for r, packed in enumerate(replicates):
        _unpack(packed, *(array[r] for array in arrays))
    return tree
