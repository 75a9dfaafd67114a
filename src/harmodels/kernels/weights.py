"""Weights of the samples' losses as the kernels read them: (N,), or empty where each is 1."""

import numpy as np
from torch import Tensor


def weight_array(weights: Tensor | None) -> np.ndarray:
    """Return the weights (N,) as an array; an empty one for None."""
    return np.zeros(0, np.float32) if weights is None else weights.contiguous().numpy()


def total_weight(
    weights: np.ndarray, orders: np.ndarray, counts: np.ndarray | int = 1
) -> np.ndarray:
    """Return (R, 1): what a replicate's sum of losses is divided by, to be their weighted mean.

    `orders` (R, n) are its samples, `counts` (R, n) or (n,) how often the loss of each was added.
    """
    own = weights[orders].astype(np.float64) if len(weights) else np.ones(orders.shape)
    return (counts * own).sum(1, keepdims=True)
