"""Three-layer perceptron: ReLU, ReLU, softmax logits, with dropout before the second layer."""

import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.nn import dropout, linear, relu
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisers import Initialiser
from harmodels.nn.params import draw_replicates


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

    def draw(generator: np.random.Generator) -> Mlp:
        return Mlp(
            *(
                linear.LinearParams(
                    weights(generator, (outputs, inputs)), biases(generator, (outputs,))
                )
                for inputs, outputs in itertools.pairwise(sizes)
            )
        )

    return draw_replicates(draw, generators, dtype)


def forward(
    params: Mlp, inputs: Tensor, dropout_mask: DropoutMask | None = None
) -> tuple[Tensor, MlpCache]:
    """Return logits (R, B, C) for inputs (R, B, D), with dropout in training, and the cache."""
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


def forward_as_programmed(params: Mlp, inputs: Tensor, masks: Tensor) -> tuple[Tensor, MlpCache]:
    """Return logits and cache of a training pass with dropout as the report's program has it.

    It drops the second layer's bias too, and keeps for the backward pass what that layer would
    have read without a mask. So `backward` with this cache and no mask gives the program's
    updates, which follow no gradient of a loss. Derivation: docs/derivations/mlp.md.

    Inputs are (R, B, D), masks (R, B, N1 + 1) of zeros and ones; the last column is the bias's.
    """
    first, cache1 = linear.forward(params.hidden1, inputs)  # (R, B, N1)
    active1, relu1 = relu.forward(first)
    kept, bias_kept = masks[..., :-1], masks[..., -1:]
    second = (active1 * kept) @ params.hidden2.weight.mT  # (R, B, N2)
    second = second + bias_kept * params.hidden2.bias[:, None]
    active2, relu2 = relu.forward(second)
    logits, cache3 = linear.forward(params.output, active2)  # (R, B, C)
    return logits, MlpCache(cache1, relu1, active1, relu2, cache3)


def in_use(params: Mlp, rate: float, form: str) -> Mlp:
    """Return the perceptron without dropout that classifies after training with rate `rate`.

    Its form is `inverted`: `params` themselves. `at_inference`: the activations before the second
    layer are scaled by 1 - rate, which is scaling its weight. `as_programmed`: the activations
    behind it are, which is scaling weight and bias, as max(p v, 0) = p max(v, 0).
    """
    if not rate or form == "inverted":
        return params
    keep_prob, hidden2 = 1 - rate, params.hidden2
    bias = keep_prob * hidden2.bias if form == "as_programmed" else hidden2.bias
    return params._replace(hidden2=linear.LinearParams(keep_prob * hidden2.weight, bias))
