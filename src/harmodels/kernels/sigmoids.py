"""Sigmoids and the full binary cross-entropy of one sample."""

import math
from typing import NamedTuple

import numpy as np

from harmodels.kernels.compiling import inlined


class Sums(NamedTuple):
    """Losses over the classes so far.

    softplus(v) is max(v, 0) + log(1 + exp(-|v|)), and the sum of the logarithms over the classes
    is the logarithm of a product, which 1000 factors of at most 2 cannot overflow.
    """

    cross_entropy: float  # binary cross-entropy, without the logarithm of `product`
    likelihood: float  # negative log-likelihood
    product: float


@inlined
def add_class(sums: Sums, logit: np.float32, c: int, label: int) -> tuple[Sums, float]:
    """Add the loss of class `c`; return the sums and the gradient at its logit, y - d."""
    cross_entropy, likelihood, product = sums
    v = np.float64(logit)
    e = math.exp(-abs(v))
    y = (1.0 if v >= 0 else e) / (1 + e)
    product *= 1 + e
    if c % 1000 == 999:
        cross_entropy += math.log(product)
        product = 1.0
    cross_entropy += v if v > 0 else 0.0
    if c == label:
        cross_entropy -= v
        likelihood = math.log(1 + e) - (v if v < 0 else 0.0)
        y -= 1
    return Sums(cross_entropy, likelihood, product), y


@inlined
def losses(sums: Sums) -> tuple[float, float]:
    """Return binary cross-entropy and negative log-likelihood after the last class."""
    return sums.cross_entropy + math.log(sums.product), sums.likelihood


@inlined
def loss_and_gradient(
    logits: np.ndarray, label: int, factor: float, out: np.ndarray
) -> tuple[float, float]:
    """Write `factor` (y - d) to `out`; return binary cross-entropy and negative log-likelihood."""
    sums = Sums(0.0, 0.0, 1.0)
    for c in range(len(logits)):
        sums, error = add_class(sums, logits[c], c, label)
        out[c] = factor * error
    return losses(sums)
