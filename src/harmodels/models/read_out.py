"""The head of a sequence classifier: pooling of the states, dropout, dense layer."""

from typing import NamedTuple

from torch import Tensor

from harmodels.nn import dropout, linear, packing, pooling
from harmodels.nn.dropout import DropoutMask


class ReadOutCache(NamedTuple):
    """What the backward pass needs."""

    how: str
    pooling: Tensor | None
    output: Tensor


def features(how: str, states: int) -> int:
    """Return how many elements the pooled states of so many units have."""
    return len(pooling.POOLINGS[how]) * states


def forward(
    params: linear.LinearParams,
    batch: packing.PackedLayout,
    outputs: Tensor,
    dropout_mask: DropoutMask | None = None,
    how: str = "last",
) -> tuple[Tensor, ReadOutCache]:
    """Return logits (R, B, C), in the order of the batch, for packed states (R, S, H), and a cache.

    `how` is a key of `pooling.POOLINGS`. With `dropout_mask` the pooled states are multiplied by
    its mask (R, B, `features`) and scale, which is 1 / keep_prob in the inverted form.
    """
    state, cache = pooling.forward(how, batch, outputs)  # (R, B, features)
    if dropout_mask is not None:
        state = dropout.forward(state, *dropout_mask)
    logits, output_cache = linear.forward(params, state)
    return logits, ReadOutCache(how, cache, output_cache)


def backward(
    params: linear.LinearParams,
    batch: packing.PackedLayout,
    cache: ReadOutCache,
    d_logits: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> tuple[Tensor, linear.LinearParams]:
    """Propagate `d_logits` (R, B, C) to the packed states (R, S, H) and the parameters."""
    d_state, d_params = linear.backward(params, cache.output, d_logits)  # (R, B, features)
    if dropout_mask is not None:
        d_state = dropout.backward(dropout_mask.mask, d_state, dropout_mask.scale)
    return pooling.backward(cache.how, batch, cache.pooling, d_state), d_params
