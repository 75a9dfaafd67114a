"""Sequences of unequal length without their padding: a time-major packed layout.

Derivation: docs/derivations/packing.md. The sequences of a batch are sorted by length, longest
first, so that those still running at step t are the first `size_at_t[t]` of them. The packed
tensor (R, S, ·) holds step 0 of all sequences, then step 1 of those that have one, and so on:
S = Σ_t size_at_t[t] rows a replicate, as torch.nn's PackedSequence, with the replicate axis before.

Every replicate has sequences of its own, but one product serves them all, so the replicates
share `size_at_t`: place i runs as long as the longest of the replicates' i-th longest sequences.
Where a replicate's sequence is shorter, its last frame is repeated. Those outputs are never read,
so their gradient is exactly zero, and no mask is needed anywhere.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from harmodels.errors import DataError
from harmodels.nn.devices import send


class PackedLayout(NamedTuple):
    """The sequence and the step of each packed row."""

    size_at_t: list[int]  # sequences still running at step t, never growing
    lengths: Tensor  # (R, B) int64
    sequence: Tensor  # (R, S) int64, the sequence of a row, in the caller's order
    step: Tensor  # (S,) int64, the step of a row
    last: Tensor  # (R, B) int64, the row of each sequence's last step, in the caller's order

    def to(self, device: torch.device) -> "PackedLayout":
        """Return the layout on `device`."""
        tensors = (self.lengths, self.sequence, self.step, self.last)
        return PackedLayout(self.size_at_t, *(send(tensor, device) for tensor in tensors))


def layout(lengths: Tensor) -> PackedLayout:
    """Lay out the sequences of R batches.

    The sizes decide what is launched, so a GPU would have to be waited for: give lengths on the
    host, and send the result.

    Parameters
    ----------
    lengths
        (R, B) int64, frames of each sequence, in any order.

    Raises
    ------
    DataError
        If a sequence has no frame.
    """
    if lengths.numel() == 0 or int(lengths.min()) < 1:
        shortest = int(lengths.min()) if lengths.numel() else 0
        raise DataError(
            f"a batch of shape {tuple(lengths.shape)} has a sequence of length {shortest}: "
            "drop empty recordings, a recurrent network needs at least one frame of each"
        )
    ordered, order = lengths.sort(dim=1, descending=True, stable=True)  # (R, B), (R, B)
    steps = torch.arange(int(lengths.max()), device=lengths.device)  # (T,)
    running = ordered.max(0).values > steps[:, None]  # (T, B), in any replicate
    step, place = running.nonzero(as_tuple=True)  # (S,), (S,)
    size_at_t = running.sum(1)  # (T,)
    start_at_t = size_at_t.cumsum(0) - size_at_t  # (T,)
    places = torch.arange(lengths.shape[1], device=lengths.device)  # (B,)
    last = torch.empty_like(order).scatter_(1, order, start_at_t[ordered - 1] + places)
    return PackedLayout(size_at_t.tolist(), lengths, order[:, place], step, last)


def pack_frames(batch: PackedLayout, frames: Tensor, starts: Tensor) -> Tensor:
    """Return the packed inputs (R, S, D) of sequences that lie end to end in one table.

    Parameters
    ----------
    batch
        Layout of the batch.
    frames
        (F, D), all frames of all sequences.
    starts
        (R, B) int64, the first frame of each sequence.
    """
    frame = torch.minimum(batch.step, batch.lengths.gather(1, batch.sequence) - 1)  # (R, S)
    source = starts.gather(1, batch.sequence) + frame  # (R, S)
    return frames.index_select(0, source.flatten()).view(*source.shape, -1)


def pack(batch: PackedLayout, inputs: Tensor) -> Tensor:
    """Return the packed inputs (R, S, D) of padded ones (R, B, T, D); padding is never read."""
    R, B, T, D = inputs.shape
    longest = len(batch.size_at_t)
    if longest > T:
        raise DataError(f"a sequence of length {longest} does not fit into {T} padded steps")
    starts = T * torch.arange(R * B, device=inputs.device).view(R, B)
    return pack_frames(batch, inputs.reshape(R * B * T, D), starts)


def valid(batch: PackedLayout) -> Tensor:
    """Return (R, S): whether a row is a step of its sequence, not its last frame repeated."""
    return batch.step < batch.lengths.gather(1, batch.sequence)


def turn(batch: PackedLayout, packed: Tensor) -> Tensor:
    """Return packed (R, S, ·) with the steps of each sequence in the opposite order.

    Rows that repeat a frame stay. Turned twice it is as it was: `turn` is its own backward pass.
    """
    sizes = torch.tensor(batch.size_at_t)
    start_at_t = send(sizes.cumsum(0) - sizes, packed.device)  # (T,)
    place = torch.arange(len(batch.step), device=packed.device) - start_at_t[batch.step]  # (S,)
    opposite = (
        batch.lengths.gather(1, batch.sequence) - 1 - batch.step
    )  # (R, S), negative: repeated
    rows = start_at_t[torch.where(opposite < 0, batch.step, opposite)] + place  # (R, S)
    return packed.gather(1, rows[..., None].expand(-1, -1, packed.shape[-1]))


def unpack(batch: PackedLayout, packed: Tensor, steps: int | None = None) -> Tensor:
    """Return (R, B, T, ·) for packed (R, S, ·), zero where a sequence has ended.

    T is `steps`, the longest length if not given.
    """
    R, B = batch.lengths.shape
    padded = packed.new_zeros(R, B, steps or len(batch.size_at_t), packed.shape[-1])
    replicate, row = valid(batch).nonzero(as_tuple=True)
    padded[replicate, batch.sequence[replicate, row], batch.step[row]] = packed[replicate, row]
    return padded


def unpack_backward(batch: PackedLayout, d_padded: Tensor) -> Tensor:
    """Return the gradient (R, S, ·) at the packed steps for `d_padded` (R, B, T, ·)."""
    return pack(batch, d_padded) * valid(batch)[..., None]


def last(batch: PackedLayout, packed: Tensor) -> Tensor:
    """Return the last valid step (R, B, H) of each sequence, in the caller's order."""
    return packed.gather(1, batch.last[..., None].expand(-1, -1, packed.shape[-1]))


def last_backward(batch: PackedLayout, d_last: Tensor) -> Tensor:
    """Return the gradient (R, S, H) at the packed steps for `d_last` (R, B, H)."""
    return at_rows(batch, batch.last[..., None], d_last)


def at_rows(batch: PackedLayout, rows: Tensor, values: Tensor) -> Tensor:
    """Return (R, S, H): `values` (R, B, H) at one row of each sequence, zero elsewhere.

    `rows` (R, B, H or 1) are of the sequences' own. Not by `scatter_`, for which torch sorts the
    places on a GPU where it is to be deterministic: each row asks its sequence.
    """
    sequence = batch.sequence[..., None]  # (R, S, 1)
    places = torch.arange(len(batch.step), device=values.device)[:, None]  # (S, 1)
    others = rows.gather(1, sequence.expand(-1, -1, rows.shape[-1])) != places
    return values.gather(1, sequence.expand(-1, -1, values.shape[-1])).masked_fill(others, 0)


def one_step_before(size_at_t: list[int], packed: Tensor) -> Tensor:
    """Return (R, S, H): in each row the same sequence one step before, zero before the first."""
    R, _, H = packed.shape
    steps = packed.split_with_sizes(size_at_t, dim=1)
    going_on = [step[:, :size] for step, size in zip(steps, size_at_t[1:], strict=False)]
    return torch.cat([packed.new_zeros(R, size_at_t[0], H), *going_on], dim=1)
