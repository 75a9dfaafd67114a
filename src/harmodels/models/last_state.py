"""The head of a sequence classifier: last valid state, dropout, dense layer."""

from torch import Tensor

from harmodels.models.mlp import Dropping
from harmodels.nn import dropout, linear, padded


def forward(
    params: linear.LinearParams,
    batch: padded.Layout,
    outputs: Tensor,
    dropping: Dropping | None = None,
) -> tuple[Tensor, Tensor]:
    """Return logits (R, B, C), in the order of the batch, for packed states (R, S, H), and a cache.

    With `dropping` the state after each sequence's last step is multiplied by the mask (R, B, H)
    and the scale, which is 1 / keep in the inverted form.
    """
    state = padded.last(batch, outputs)  # (R, B, H)
    if dropping is not None:
        state = dropout.forward(state, *dropping)
    return linear.forward(params, state)


def backward(
    params: linear.LinearParams,
    batch: padded.Layout,
    cache: Tensor,
    d_logits: Tensor,
    dropping: Dropping | None = None,
) -> tuple[Tensor, linear.LinearParams]:
    """Propagate `d_logits` (R, B, C) to the packed states (R, S, H) and the parameters."""
    d_state, d_params = linear.backward(params, cache, d_logits)  # (R, B, H)
    if dropping is not None:
        d_state = dropout.backward(dropping.mask, d_state, dropping.scale)
    return padded.last_backward(batch, d_state), d_params
