"""Dense layer: outputs = inputs · weightᵀ + bias. Derivation: docs/derivations/linear.md."""

from typing import NamedTuple

import torch
from torch import Tensor


class LinearParams(NamedTuple):
    """Parameters of R dense layers."""

    weight: Tensor  # (R, O, I)
    bias: Tensor  # (R, O)


def forward(params: LinearParams, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Apply R dense layers.

    Parameters
    ----------
    params
        I inputs and O outputs.
    inputs
        (R, B, I).

    Returns
    -------
    outputs
        (R, B, O).
    cache
        What `backward` needs.

    Examples
    --------
    >>> import torch
    >>> params = LinearParams(torch.tensor([[[2.0, 0.0], [1.0, 1.0]]]), torch.tensor([[0.5, 0.0]]))
    >>> outputs, cache = forward(params, torch.tensor([[[1.0, 3.0]]]))
    >>> outputs
    tensor([[[2.5000, 4.0000]]])
    """
    outputs = torch.baddbmm(params.bias[:, None], inputs, params.weight.mT)  # (R, B, O)
    return outputs, inputs


def backward(params: LinearParams, cache: Tensor, d_outputs: Tensor) -> tuple[Tensor, LinearParams]:
    """Propagate `d_outputs` (R, B, O) to the inputs (R, B, I) and the parameters.

    Examples
    --------
    >>> import torch
    >>> params = LinearParams(torch.tensor([[[2.0, 0.0], [1.0, 1.0]]]), torch.zeros(1, 2))
    >>> _, cache = forward(params, torch.tensor([[[1.0, 3.0]]]))
    >>> d_inputs, d_params = backward(params, cache, torch.tensor([[[1.0, 0.0]]]))
    >>> d_inputs
    tensor([[[2., 0.]]])
    >>> d_params.weight
    tensor([[[1., 3.],
             [0., 0.]]])
    """
    inputs = cache
    d_inputs = d_outputs @ params.weight  # (R, B, I)
    d_weight = d_outputs.mT @ inputs  # (R, O, I)
    d_bias = d_outputs.sum(1)  # (R, O)
    return d_inputs, LinearParams(d_weight, d_bias)
