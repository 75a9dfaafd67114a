"""Initial weights, drawn in float64 from a NumPy generator: the same on every device."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

Shape = tuple[int, ...]
Initialiser = Callable[[np.random.Generator, Shape], Tensor]


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def zeros(generator: np.random.Generator, shape: Shape) -> Tensor:
    """Return zeros; nothing is drawn."""
    return torch.zeros(shape, dtype=torch.float64)


def uniform(bound: float) -> Initialiser:
    """Return a drawer from U[-bound, bound]."""

    def draw(generator: np.random.Generator, shape: Shape) -> Tensor:
        return torch.from_numpy(generator.uniform(-bound, bound, size=shape))

    return draw


def normal_as_printed(generator: np.random.Generator, shape: Shape) -> Tensor:
    """Draw (fan_out, fan_in) from N(0, sqrt(2 / (fan_in + fan_out))) as rnn_minibatch prints it.

    The second argument is taken for a *standard deviation*, which is what Glorot's rule gives.
    """
    return torch.from_numpy(generator.normal(0.0, math.sqrt(2 / sum(shape)), size=shape))


def normal_as_variance(generator: np.random.Generator, shape: Shape) -> Tensor:
    """Draw (fan_out, fan_in) from N(0, sqrt(2 / (fan_in + fan_out))) as rnn_minibatch prints it.

    The second argument is taken for a *variance*, so the standard deviation is its square root,
    (2 / (fan_in + fan_out))^(1/4).
    """
    return torch.from_numpy(generator.normal(0.0, (2 / sum(shape)) ** 0.25, size=shape))


def glorot_uniform(generator: np.random.Generator, shape: Shape) -> Tensor:
    """Draw (fan_out, fan_in) from U[-b, b] with b = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, AISTATS 2010, equation 16.
    """
    return uniform(math.sqrt(6 / sum(shape)))(generator, shape)


def orthogonal(generator: np.random.Generator, shape: Shape) -> Tensor:
    """Draw (rows, columns) with orthonormal rows or columns, uniformly (Haar measure).

    Source: Saxe, McClelland and Ganguli, ICLR 2014; the sign of R's diagonal makes the QR
    decomposition unique (Mezzadri, Notices of the AMS 54, 2007).
    """
    rows, columns = shape
    gaussian = generator.normal(size=(max(shape), min(shape)))
    with _blas().limit(limits=1, user_api="blas"):  # its threads wait for each other in loops
        q, r = np.linalg.qr(gaussian)
    q *= np.sign(np.diag(r))
    return torch.from_numpy(np.ascontiguousarray(q if rows >= columns else q.T))
