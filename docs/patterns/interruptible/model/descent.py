"""Gradient descent on a least-squares problem."""

import torch
from torch import Tensor

from model.noise import batch


def start() -> Tensor:
    """Return weights of zero."""
    return torch.zeros(200, 50, dtype=torch.float64)


def update(weights: Tensor, step: int) -> Tensor:
    """Return the weights after one step on the batch of that step."""
    inputs, targets = batch(step)
    return weights - 0.1 * inputs.mT @ (inputs @ weights - targets) / len(inputs)
