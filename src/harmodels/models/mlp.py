"""Three-layer perceptron: ReLU, ReLU, softmax logits, with dropout before the second layer."""

import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.nn import dropout, linear, relu
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisers import Initialiser


class Mlp(NamedTuple):
    """Parameters of R perceptrons."""

    hidden1: linear.LinearParams
    hidden2: linear.LinearParams
    output: linear.LinearParams


class MlpCache(NamedTuple):
    """What the backward pass needs."""

    hidden1: Tensor
    relu1: Tensor
    hidden2: Tensor
    relu2: Tensor
    output: Tensor


def initialise(
    generators: list[np.random.Generator],
    *,
    sizes: tuple[int, int, int, int],
    weights: Initialiser,
    biases: Initialiser,
    dtype: torch.dtype = torch.float32,
) -> Mlp:
    """Draw R perceptrons of `sizes` (inputs, first, second, classes), one from each generator."""
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        drawn = [(weights(g, (outputs, inputs)), biases(g, (outputs,))) for g in generators]
        weight, bias = (torch.stack(tensors).to(dtype) for tensors in zip(*drawn, strict=True))
        layers.append(linear.LinearParams(weight, bias))
    return Mlp(*layers)


def forward(
    params: Mlp, inputs: Tensor, dropout_mask: DropoutMask | None = None
) -> tuple[Tensor, MlpCache]:
    """Return logits (R, B, C) for inputs (R, B, D), with dropout in training, and the cache.

    Examples
    --------
    >>> from harmodels.nn.initialisers import glorot_uniform, zeros
    >>> generators = [np.random.default_rng(seed) for seed in range(3)]
    >>> params = initialise(generators, sizes=(7, 5, 4, 2), weights=glorot_uniform, biases=zeros)
    >>> logits, cache = forward(params, torch.randn(3, 10, 7))
    >>> logits.shape
    torch.Size([3, 10, 2])
    """
    first, cache1 = linear.forward(params.hidden1, inputs)  # (R, B, N1)
    active1, relu1 = relu.forward(first)
    if dropout_mask is not None:
        active1 = dropout.forward(active1, *dropout_mask)
    second, cache2 = linear.forward(params.hidden2, active1)  # (R, B, N2)
    active2, relu2 = relu.forward(second)
    logits, cache3 = linear.forward(params.output, active2)  # (R, B, C)
    return logits, MlpCache(cache1, relu1, cache2, relu2, cache3)


def backward(
    params: Mlp, cache: MlpCache, d_logits: Tensor, dropout_mask: DropoutMask | None = None
) -> Mlp:
    """Return the gradients of all parameters for `d_logits` (R, B, C)."""
    d_active2, d_output = linear.backward(params.output, cache.output, d_logits)
    d_second = relu.backward(cache.relu2, d_active2)
    d_active1, d_hidden2 = linear.backward(params.hidden2, cache.hidden2, d_second)
    if dropout_mask is not None:
        d_active1 = dropout.backward(dropout_mask.mask, d_active1, dropout_mask.scale)
    d_first = relu.backward(cache.relu1, d_active1)
    _, d_hidden1 = linear.backward(params.hidden1, cache.hidden1, d_first)
    return Mlp(d_hidden1, d_hidden2, d_output)


def at_inference(params: Mlp, keep_prob: float) -> Mlp:
    """Return the perceptron that classifies after training with the report's dropout.

    Scaling the activations before the second layer by `keep_prob` is scaling its weight.
    """
    hidden2 = params.hidden2._replace(weight=keep_prob * params.hidden2.weight)
    return params._replace(hidden2=hidden2)
