"""Pooled states and their gradients against autograd through padded tensors."""

import pickle
from typing import get_args

import pytest
import torch

from harmodels.config.options import Recurrent
from harmodels.nn import packing, pooling, stack
from harmodels.nn.params import state_dict
from harmodels.nn.recurrent import RecurrentParams

BATCHES = {
    "length 1, batch 1": [[1]],
    "batch 1": [[5]],
    "unequal": [[4, 7, 1, 4]],
    "replicates differ": [[3, 6, 1], [2, 2, 5]],
}
every_batch = pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())


def states_of(batch, H=3):
    random = torch.Generator().manual_seed(1)
    shape = len(batch.lengths), len(batch.step), H
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def oracle(how, batch, packed):
    """The same from each sequence's own states."""
    rows = []
    for r, lengths in enumerate(batch.lengths.tolist()):
        each = packing.unpack(batch, packed)[r]
        for b, length in enumerate(lengths):
            states = each[b, :length]
            parts = {"last": states[-1], "mean": states.mean(0), "max": states.amax(0)}
            rows.append(torch.cat([parts[part] for part in pooling.POOLINGS[how]]))
    return torch.stack(rows).view(*batch.lengths.shape, -1)


@pytest.mark.parametrize("how", pooling.POOLINGS)
@every_batch
def test_values_and_gradients_are_those_of_each_sequence_alone(how, lengths, check_gradients):
    batch = packing.layout(torch.tensor(lengths))
    packed = states_of(batch)
    expected = oracle(how, batch, packed)
    torch.testing.assert_close(pooling.forward(how, batch, packed)[0], expected, rtol=1e-12, atol=0)

    def ours(d_pooled, packed):
        _, cache = pooling.forward(how, batch, packed)
        return [pooling.backward(how, batch, cache, d_pooled)]

    check_gradients(lambda packed: oracle(how, batch, packed), ours, [packed])


def test_of_equal_maxima_the_first_step_gets_the_gradient():
    batch = packing.layout(torch.tensor([[3, 2]]))
    packed = packing.pack(batch, torch.tensor([[[[0.0], [1], [1]], [[1], [1], [9]]]]))
    pooled, cache = pooling.forward("max", batch, packed)
    d_packed = pooling.backward("max", batch, cache, torch.tensor([[[2.0], [3.0]]]))
    assert pooled.flatten().tolist() == [1, 1]
    assert packing.unpack(batch, d_packed).flatten().tolist() == [0, 2, 0, 3, 0, 0]


@pytest.mark.parametrize("how", ["mean", "max", "mean_max"])
def test_a_state_that_is_no_number_is_not_lost(how):
    batch = packing.layout(torch.tensor([[3, 1]]))
    packed = states_of(batch)
    packed[0, 0] = torch.nan
    pooled, cache = pooling.forward(how, batch, packed)
    assert pooled[0, 0].isnan().all()
    assert not pooled[0, 1].isnan().any()
    assert pooling.backward(how, batch, cache, torch.ones_like(pooled)).shape == packed.shape


@every_batch
def test_turned_sequences_end_with_their_first_step_and_turn_back(lengths):
    batch = packing.layout(torch.tensor(lengths))
    packed = states_of(batch)
    turned = packing.unpack(batch, packing.turn(batch, packed))
    straight = packing.unpack(batch, packed)
    for r, row in enumerate(lengths):
        for b, length in enumerate(row):
            assert torch.equal(turned[r, b, :length], straight[r, b, :length].flip(0))
    assert torch.equal(packing.turn(batch, packing.turn(batch, packed)), packed)


def test_the_options_name_the_same_kinds_of_pooling():
    assert list(get_args(Recurrent.model_fields["pooling"].annotation)) == list(pooling.POOLINGS)
    for how, parts in pooling.POOLINGS.items():
        assert Recurrent(hidden=7, pooling=how, bidirectional=True).features == 14 * len(parts)


def test_a_bidirectional_stack_survives_pickling():
    layer = RecurrentParams(*(torch.ones(1) * k for k in range(4)))
    params = stack.stack([layer] * 4, 2)
    names = list(state_dict(pickle.loads(pickle.dumps(params))))
    assert names[:5] == [*(f"layer0.{name}" for name in layer._fields), "layer0_reverse.weight_ih"]
    assert names[-1] == "layer1_reverse.bias_hh"
