"""Pooling of a sequence's states into the vector that a dense layer reads, on packed sequences.

Derivation: docs/derivations/pooling.md. `last` takes the state after the last step, `mean` and
`max` go over all steps of a sequence, unit by unit, and `mean_max` joins the two. Where a unit has
its maximum more than once, the first of these steps gets the gradient.
"""

import torch
from torch import Tensor

from harmodels.nn import packing
from harmodels.nn.packing import PackedLayout

# What is joined, in this order.
POOLINGS = {"last": ("last",), "mean": ("mean",), "max": ("max",), "mean_max": ("mean", "max")}


def forward(pooling: str, batch: PackedLayout, packed: Tensor) -> tuple[Tensor, Tensor | None]:
    """Pool packed states.

    Parameters
    ----------
    pooling
        A key of `POOLINGS`.
    batch
        Layout of the batch.
    packed
        (R, S, H), the states.

    Returns
    -------
    pooled
        (R, B, H), or (R, B, 2·H) of `mean_max`, in the caller's order of the sequences.
    cache
        What `backward` needs: (R, B, H) int64, the row of each maximum, or None without one.

    Examples
    --------
    One sequence of two steps and one of a single step:

    >>> layout = packing.layout(torch.tensor([[2, 1]]))
    >>> states = packing.pack(layout, torch.tensor([[[[1.0], [5.0]], [[2.0], [0.0]]]]))
    >>> pooled, cache = forward("mean_max", layout, states)
    >>> pooled.tolist()
    [[[3.0, 5.0], [2.0, 2.0]]]
    >>> backward("mean_max", layout, cache, torch.ones_like(pooled))[0, :, 0].tolist()
    [0.5, 2.0, 1.5]
    """
    pooled, rows = [], None
    for part in POOLINGS[pooling]:
        if part == "last":
            pooled.append(packing.last(batch, packed))
        elif part == "mean":
            pooled.append(_mean(batch, packed))
        else:
            maxima, rows = _max(batch, packed)
            pooled.append(maxima)
    return torch.cat(pooled, dim=-1), rows


def backward(pooling: str, batch: PackedLayout, cache: Tensor | None, d_pooled: Tensor) -> Tensor:
    """Return the gradient (R, S, H) at the packed states for `d_pooled` (R, B, H or 2·H)."""
    parts = POOLINGS[pooling]
    pairs = zip(parts, d_pooled.chunk(len(parts), dim=-1), strict=True)
    first, *others = (_part_backward(part, batch, cache, d_part) for part, d_part in pairs)
    return sum(others, first)


def _part_backward(part: str, batch: PackedLayout, rows: Tensor | None, d_part: Tensor) -> Tensor:
    if part == "last":
        return packing.last_backward(batch, d_part)
    if part == "mean":
        return _mean_backward(batch, d_part)
    assert rows is not None  # of `forward` with a maximum
    return packing.at_rows(batch, rows, d_part)


def _mean(batch: PackedLayout, packed: Tensor) -> Tensor:
    valid = packing.valid(batch)[..., None]  # (R, S, 1)
    sums = packed.new_zeros(*batch.lengths.shape, packed.shape[-1])
    sums.scatter_add_(1, _sequences(batch, packed), packed.where(valid, 0))
    return sums / batch.lengths[..., None]


def _mean_backward(batch: PackedLayout, d_mean: Tensor) -> Tensor:
    each = d_mean / batch.lengths[..., None]
    return each.gather(1, _sequences(batch, d_mean)) * packing.valid(batch)[..., None]


def _max(batch: PackedLayout, packed: Tensor) -> tuple[Tensor, Tensor]:
    """Return the maxima (R, B, H) and the first rows that have them."""
    R, S, H = packed.shape
    sequences, valid = _sequences(batch, packed), packing.valid(batch)[..., None]
    lowest = packed.new_full((R, batch.lengths.shape[1], H), -torch.inf)
    maxima = lowest.scatter_reduce(1, sequences, packed.where(valid, -torch.inf), "amax")
    found = (packed == maxima.gather(1, sequences)) & valid
    numbers = torch.arange(S, device=packed.device)[:, None].where(found, S - 1)  # (R, S, H)
    rows = numbers.new_full(maxima.shape, S - 1).scatter_reduce(1, sequences, numbers, "amin")
    return maxima, rows


def _sequences(batch: PackedLayout, like: Tensor) -> Tensor:
    """Return (R, S, H): the sequence of each row, for every unit of `like` (…, H)."""
    return batch.sequence[..., None].expand(-1, -1, like.shape[-1])
