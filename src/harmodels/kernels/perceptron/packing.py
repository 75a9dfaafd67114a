"""A perceptron's parameters as the kernels keep them, one replicate at a time.

The biases are columns or rows of the weights, for inputs that are always one. All widths are
rounded up to whole vector registers; the padding is zero and stays zero. The second layer lies
transposed, so that for one sample a unit of the first layer at zero is a row that nothing reads.
"""

from typing import NamedTuple

import numpy as np
import torch

from harmodels.kernels.simd.emitter import padded, zeros
from harmodels.kernels.simd.products import BATCH_ROWS
from harmodels.models.mlp import Mlp
from harmodels.nn.linear import LinearParams


class Packed(NamedTuple):
    """One replicate's parameters, or its velocity, float32."""

    hidden1: np.ndarray  # (N1 rounded up, Dp), rows [W1 | b1 | 0]
    hidden2: np.ndarray  # (N1 + 1, N2p), the rows of W2ᵀ and then b2
    output: np.ndarray  # (C, N2p), rows [W3 | b3 | 0]


def height(units: int) -> int:
    """Return the rows of the first layer: whole blocks of the product and of the transpose."""
    return padded(-(-units // BATCH_ROWS) * BATCH_ROWS)


def pack(params: Mlp, replicate: int) -> Packed:
    """Copy one replicate's parameters into the kernels' layout."""
    (w1, b1), (w2, b2), (w3, b3) = (
        (layer.weight[replicate].numpy(), layer.bias[replicate].numpy()) for layer in params
    )
    N1, D = w1.shape
    C, N2 = w3.shape
    width = padded(N2 + 1)
    packed = Packed(zeros(height(N1), padded(D + 1)), zeros(N1 + 1, width), zeros(C, width))
    packed.hidden1[:N1, :D], packed.hidden1[:N1, D] = w1, b1
    packed.hidden2[:N1, :N2], packed.hidden2[N1, :N2] = w2.T, b2
    packed.output[:, :N2], packed.output[:, N2] = w3, b3
    return packed


def no_velocity() -> Packed:
    """Return empty arrays: the velocity of training without momentum."""
    return Packed(*(np.zeros((0, 0), np.float32) for _ in range(3)))


def unpack(replicates: list[Packed], like: Mlp) -> Mlp:
    """Return the replicates as tensors of their own, shaped as `like`."""
    _, N1, D = like.hidden1.weight.shape
    N2 = like.hidden2.bias.shape[1]
    hidden1, hidden2, output = (
        torch.from_numpy(np.stack(arrays)) for arrays in zip(*replicates, strict=True)
    )
    return Mlp(
        LinearParams(hidden1[:, :N1, :D].contiguous(), hidden1[:, :N1, D].contiguous()),
        LinearParams(hidden2[:, :N1, :N2].mT.contiguous(), hidden2[:, N1, :N2].contiguous()),
        LinearParams(output[:, :, :N2].contiguous(), output[:, :, N2].contiguous()),
    )
