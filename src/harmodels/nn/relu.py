"""Rectified linear unit: outputs = max(inputs, 0). Derivation: docs/derivations/mlp.md."""

from torch import Tensor


def forward(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return max(inputs, 0), any shape, and what `backward` needs.

    Examples
    --------
    >>> import torch
    >>> outputs, cache = forward(torch.tensor([-1.0, 0.0, 2.0]))
    >>> outputs
    tensor([0., 0., 2.])
    >>> backward(cache, torch.ones(3))
    tensor([0., 0., 1.])
    """
    outputs = inputs.clamp_min(0)
    return outputs, outputs


def backward(cache: Tensor, d_outputs: Tensor) -> Tensor:
    """Return the gradient at the inputs; at zero the slope is taken as zero, as in torch."""
    return d_outputs * (cache > 0)
