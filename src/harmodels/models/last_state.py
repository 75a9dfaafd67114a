"""The head of a sequence classifier: last valid state, dropout, dense layer."""

from torch import Tensor

from harmodels.nn import dropout, linear, packing
from harmodels.nn.dropout import DropoutMask


def forward(
    params: linear.LinearParams,
    batch: packing.PackedLayout,
    outputs: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> tuple[Tensor, Tensor]:
    """Return logits (R, B, C), in the order of the batch, for packed states (R, S, H), and a cache.

    With `dropout_mask` the state after each sequence's last step is multiplied by its mask
    (R, B, H) and scale, which is 1 / keep_prob in the inverted form.
    """
    state = packing.last(batch, outputs)  # (R, B, H)
    if dropout_mask is not None:
        state = dropout.forward(state, *dropout_mask)
    return linear.forward(params, state)


def backward(
    params: linear.LinearParams,
    batch: packing.PackedLayout,
    cache: Tensor,
    d_logits: Tensor,
    dropout_mask: DropoutMask | None = None,
) -> tuple[Tensor, linear.LinearParams]:
    """Propagate `d_logits` (R, B, C) to the packed states (R, S, H) and the parameters."""
    d_state, d_params = linear.backward(params, cache, d_logits)  # (R, B, H)
    if dropout_mask is not None:
        d_state = dropout.backward(dropout_mask.mask, d_state, dropout_mask.scale)
    return packing.last_backward(batch, d_state), d_params
