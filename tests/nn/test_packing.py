import pytest
import torch

from harmodels.errors import DataError
from harmodels.nn import packing

LENGTHS = torch.tensor([[2, 3, 1], [1, 1, 2]])


def numbered():
    """Frames (R, B, T, 1) of value 100·r + 10·b + t, with padding to four steps of NaN."""
    r, b, t = torch.meshgrid(torch.arange(2), torch.arange(3), torch.arange(4), indexing="ij")
    frames = (100 * r + 10 * b + t).double()
    frames[t >= LENGTHS[..., None]] = torch.nan
    return frames[..., None]


def test_frames_stand_step_by_step_longest_sequence_first_and_the_last_repeats():
    batch = packing.layout(LENGTHS)
    assert batch.size_at_t == [3, 2, 1]  # a place runs as long as its longest replicate
    packed = packing.pack(batch, numbered()).squeeze(-1)
    assert packed[0].tolist() == [10, 0, 20, 11, 1, 12]
    assert packed[1].tolist() == [120, 100, 110, 121, 100, 121]


def test_equal_lengths_keep_the_callers_order():
    batch = packing.layout(torch.full((1, 3), 2))
    assert batch.sequence.tolist() == [[0, 1, 2, 0, 1, 2]]


def test_unpack_gives_the_frames_back_and_zero_where_they_end():
    batch = packing.layout(LENGTHS)
    back = packing.unpack(batch, packing.pack(batch, numbered()), steps=4)
    assert torch.equal(back, numbered().nan_to_num(0.0))


def test_last_is_in_the_callers_order():
    batch = packing.layout(LENGTHS)
    last = packing.last(batch, packing.pack(batch, numbered())).squeeze(-1)
    assert last.tolist() == [[1, 12, 20], [100, 110, 121]]


def test_frames_end_to_end_are_packed_as_padded_ones():
    batch = packing.layout(LENGTHS)
    inputs = numbered()
    table = torch.cat([inputs[r, b, : LENGTHS[r, b]] for r in range(2) for b in range(3)])
    starts = (LENGTHS.flatten().cumsum(0) - LENGTHS.flatten()).view(2, 3)
    assert torch.equal(packing.pack_frames(batch, table, starts), packing.pack(batch, inputs))


def test_one_step_before_is_zero_at_the_first_step():
    packed = torch.tensor([10.0, 0, 20, 11, 1, 12]).view(1, 6, 1)
    earlier = packing.one_step_before([3, 2, 1], packed)
    assert earlier.flatten().tolist() == [0, 0, 0, 10, 0, 11]


@pytest.mark.parametrize(
    ("forward", "backward", "shape"),
    [
        (packing.last, packing.last_backward, (2, 3, 5)),
        (packing.unpack, packing.unpack_backward, (2, 3, 3, 5)),
    ],
)
def test_backward_is_the_transpose_of_forward(forward, backward, shape):
    batch = packing.layout(LENGTHS)
    random = torch.Generator().manual_seed(0)
    packed = torch.randn(2, 6, 5, generator=random, dtype=torch.float64)
    cotangent = torch.randn(shape, generator=random, dtype=torch.float64)
    torch.testing.assert_close(
        (forward(batch, packed) * cotangent).sum(), (packed * backward(batch, cotangent)).sum()
    )


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="length 0.*drop empty recordings"):
        packing.layout(torch.tensor([[3, 0]]))
    with pytest.raises(DataError, match="length 5 does not fit into 4"):
        packing.pack(packing.layout(torch.tensor([[5]])), torch.zeros(1, 1, 4, 2))
