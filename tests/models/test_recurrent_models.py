"""The stacked and the hierarchical classifier against torch's own modules."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from harmodels.errors import DataError
from harmodels.models import hierarchical, recurrent_classifier
from harmodels.nn import dropout, losses, packing
from harmodels.nn.cells import CELLS
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import KERAS, TORCH
from harmodels.nn.params import load_state_dict, state_dict, take_replicates
from harmodels.nn.pooling import POOLINGS
from harmodels.nn.torch_names import from_torch, to_torch

BATCHES = {
    "length 1, batch 1": [[1]],
    "unequal": [[4, 7, 1, 4]],
    "replicates differ": [[3, 6, 1], [2, 2, 5]],
}
D, H1, H, C = 6, 3, 5, 4
FINGERS = [[0, 1, 2], [0, 1, 3], [0, 1, 5]]  # two channels of a wrist, one of a joint; 4 is unused


class Kind(NamedTuple):
    """A network: its cell, its number of layers, or 0 for a hierarchy of fingers, its read-out."""

    cell: str
    layers: int
    pooling: str = "last"
    bidirectional: bool = False

    @property
    def features(self):
        return H * (1 + self.bidirectional) * len(POOLINGS[self.pooling])

    def make(self, R, seeds=None, scheme=TORCH):
        given = {"cell": CELLS[self.cell], "classes": C, "scheme": scheme, "dtype": torch.float64}
        given["pooling"] = self.pooling
        generators = [np.random.default_rng(seed) for seed in seeds or range(R)]
        if self.layers:
            return recurrent_classifier.initialise(
                generators, channels=D, hidden=H, layers=self.layers,
                bidirectional=self.bidirectional, **given,
            )  # fmt: skip
        fingers = hierarchical.finger_channels(FINGERS, D)
        return hierarchical.initialise(
            generators, fingers=fingers, finger_hidden=H1, hand_hidden=H, **given
        )

    def gradients(self, params, lengths, inputs, labels, dropout_mask=None, d_loss=1.0):
        """Losses (R, B) and the gradients of the sum of their product with `d_loss`."""
        model = recurrent_classifier if self.layers else hierarchical
        own = () if self.layers else (hierarchical.finger_channels(FINGERS, D),)
        batch, cell = packing.layout(torch.tensor(lengths)), CELLS[self.cell]
        packed = packing.pack(batch, inputs)
        logits, cache = model.forward(params, cell, *own, batch, packed, dropout_mask, self.pooling)
        loss, d_logits = losses.softmax_cross_entropy(logits, labels)
        d_logits = d_logits * torch.as_tensor(d_loss).expand_as(loss)[..., None]
        return loss, model.backward(params, cell, cache, d_logits, dropout_mask)


class Theirs(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

        def layer(inputs, hidden, layers=1):
            torchs = CELLS[kind.cell].torch_layer
            given = {"batch_first": True, "dtype": torch.float64}
            return torchs(inputs, hidden, layers, bidirectional=kind.bidirectional, **given)

        if kind.layers:
            self.rnn = layer(D, H, kind.layers)
        else:
            self.fingers = torch.nn.ModuleList(layer(len(finger), H1) for finger in FINGERS)
            self.hand = layer(len(FINGERS) * H1, H)
        self.output = torch.nn.Linear(kind.features, C, dtype=torch.float64)

    def states(self, sequence):
        if hasattr(self, "rnn"):
            return self.rnn(sequence)[0]
        pairs = zip(self.fingers, FINGERS, strict=True)
        each = [layer(sequence[..., finger])[0] for layer, finger in pairs]
        return self.hand(torch.cat(each, dim=-1))[0]

    def forward(self, inputs, lengths, kept):
        each = [self.pooled(self.states(inputs[[b], :n])[0]) for b, n in enumerate(lengths)]
        return self.output(torch.stack(each) * kept)

    def pooled(self, states):
        mean, highest = states.mean(0), states.amax(0)
        if self.kind.pooling == "last":
            return torch.cat([states[-1, :H], states[0, H:]])  # the second direction ends at step 0
        return {"mean": mean, "max": highest, "mean_max": torch.cat([mean, highest])}[
            self.kind.pooling
        ]


KINDS = [Kind(cell, layers) for cell in CELLS for layers in (0, 1, 2, 3)]
KINDS += [Kind("lstm", 0, pooling) for pooling in POOLINGS if pooling != "last"]
KINDS += [
    Kind(cell, layers, pooling, bidirectional)
    for cell, layers in (("gru", 2), ("lstm", 1), ("lstm", 3))
    for pooling in POOLINGS
    for bidirectional in (False, True)
    if bidirectional or pooling != "last"
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=map(str, KINDS))
SOME = [Kind("lstm", 2), Kind("gru", 0), Kind("gru", 2, "mean_max", True)]
some_kinds = pytest.mark.parametrize("kind", SOME, ids=str)
every_batch = pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())


def batch_of(lengths, features=H):
    """Inputs (R, B, T, D), labels that leave out the last class, and a dropout mask."""
    R, B, T = len(lengths), len(lengths[0]), max(map(max, lengths)) + 2
    random = torch.Generator().manual_seed(3)
    inputs = torch.randn(R, B, T, D, generator=random, dtype=torch.float64)
    labels = torch.arange(R * B).view(R, B) % (C - 1)
    mask = dropout.draw_masks(np.random.default_rng(0), (R, B, features), 0.5)
    return inputs, labels, DropoutMask(mask, 2.0)


def reference(kind, lengths, inputs, labels, dropout_mask, like, *tensors):
    """Losses (R, B) of torch's own modules as a function of our parameters."""
    params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
    rows = []
    for r, row in enumerate(lengths):
        kept = 1.0 if dropout_mask is None else dropout_mask.mask[r] * dropout_mask.scale
        given = inputs[r], row, kept
        logits = torch.func.functional_call(Theirs(kind), to_torch(params, r), given)
        rows.append(torch.nn.functional.cross_entropy(logits, labels[r], reduction="none"))
    return torch.stack(rows)


@every_kind
@every_batch
def test_backward_is_the_gradient_of_the_loss_of_torchs_modules(kind, lengths, check_gradients):
    problem = batch_of(lengths, kind.features)
    like = kind.make(len(lengths))

    def ours(d_loss, *tensors):
        params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
        _, grads = kind.gradients(params, lengths, *problem, d_loss)
        return list(state_dict(grads).values())

    check_gradients(
        lambda *tensors: reference(kind, lengths, *problem, like, *tensors),
        ours,
        list(state_dict(like).values()),
    )


@every_kind
@every_batch
@pytest.mark.parametrize("dropped", [False, True])
def test_the_loss_is_that_of_torchs_modules(kind, lengths, dropped):
    inputs, labels, dropout_mask = batch_of(lengths, kind.features)
    problem = lengths, inputs, labels, dropout_mask if dropped else None
    params = kind.make(len(lengths))
    ours, _ = kind.gradients(params, *problem)
    theirs = reference(kind, *problem, params, *state_dict(params).values())
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@some_kinds
def test_the_order_of_a_batch_changes_only_the_order_of_its_losses(kind):
    lengths = [[4, 7, 1, 4]]
    inputs, labels, _ = batch_of(lengths)
    params = kind.make(1)
    turned, _ = kind.gradients(params, [[4, 1, 7, 4]], inputs.flip(1), labels.flip(1))
    straight, _ = kind.gradients(params, lengths, inputs, labels)
    torch.testing.assert_close(turned.flip(1), straight)


@some_kinds
def test_a_replicate_in_company_has_the_loss_and_gradients_of_the_replicate_alone(kind):
    lengths = BATCHES["replicates differ"]
    inputs, labels, dropout_mask = batch_of(lengths, kind.features)
    params = kind.make(2)
    loss, grads = kind.gradients(params, lengths, inputs, labels, dropout_mask)
    for r in range(2):
        solo = take_replicates(params, [r]), [lengths[r]], inputs[[r]], labels[[r]]
        mask = DropoutMask(dropout_mask.mask[[r]], dropout_mask.scale)
        solo_loss, solo_grads = kind.gradients(*solo, mask)
        torch.testing.assert_close(loss[[r]], solo_loss, rtol=1e-12, atol=1e-14)
        mine = state_dict(take_replicates(grads, [r]))
        torch.testing.assert_close(mine, state_dict(solo_grads), rtol=1e-9, atol=1e-14)


@some_kinds
@pytest.mark.parametrize("scheme", [KERAS, TORCH])
def test_a_replicate_draws_the_same_weights_alone_as_in_company(kind, scheme):
    third = state_dict(take_replicates(kind.make(3, scheme=scheme), [2]))
    alone = state_dict(kind.make(1, seeds=[2], scheme=scheme))
    assert all(map(torch.equal, third.values(), alone.values()))


def test_fingers_start_from_different_weights():
    weight = Kind("gru", 0).make(1).fingers.weight_hh[0]  # (F, 3H₁, H₁)
    assert not torch.equal(weight[0], weight[1])


@every_kind
def test_weights_survive_the_way_through_torchs_modules(kind):
    params = kind.make(2)
    modules = [Theirs(kind) for _ in range(2)]
    for r, module in enumerate(modules):
        module.load_state_dict(to_torch(params, r))
    back = from_torch(kind.make(1, seeds=[9]), [module.state_dict() for module in modules])
    assert type(back) is type(params)
    assert all(map(torch.equal, state_dict(back).values(), state_dict(params).values()))


@pytest.mark.parametrize("fingers", [[], [[]], [[0, 1], [0, 1, 2]]])
def test_fingers_with_unequal_or_no_channels_are_refused(fingers):
    with pytest.raises(DataError, match="give each finger the same number of joints"):
        hierarchical.finger_channels(fingers, D)


@pytest.mark.parametrize("channel", [-1, 6])
def test_a_channel_that_the_sequences_lack_is_refused(channel):
    with pytest.raises(DataError, match=f"finger 1 names channel {channel}.*0 to 5"):
        hierarchical.finger_channels([[0, 1], [0, channel]], D)
