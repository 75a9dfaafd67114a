import numpy as np
import pytest
import torch

from harmodels.errors import DataError
from harmodels.models import hierarchical as model
from harmodels.nn import dropout, losses, packing
from harmodels.nn.cells import CELLS
from harmodels.nn.dropout import DropoutMask
from harmodels.nn.initialisation_schemes import KERAS, TORCH
from harmodels.nn.params import load_state_dict, state_dict, take_replicates
from harmodels.nn.torch_names import from_torch, to_torch

MODULES = {"simple_rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
BATCHES = {
    "length 1, batch 1": [[1]],
    "unequal": [[4, 7, 1, 4]],
    "replicates differ": [[3, 6, 1], [2, 2, 5]],
}
D, H1, H2, C = 6, 3, 5, 4
FINGERS = [[0, 1, 2], [0, 1, 3], [0, 1, 5]]  # two channels of a wrist, one of a joint; 4 is unused

every_cell = pytest.mark.parametrize("name", MODULES)
every_batch = pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())


def make(name, R, seeds=None, scheme=TORCH):
    return model.initialise(
        [np.random.default_rng(seed) for seed in seeds or range(R)],
        cell=CELLS[name],
        fingers=model.finger_channels(FINGERS, D),
        finger_hidden=H1,
        hand_hidden=H2,
        classes=C,
        scheme=scheme,
        dtype=torch.float64,
    )


def batch_of(lengths):
    """Inputs (R, B, T, D), labels that leave out the last class, and a dropout mask."""
    R, B, T = len(lengths), len(lengths[0]), max(map(max, lengths)) + 2
    random = torch.Generator().manual_seed(3)
    inputs = torch.randn(R, B, T, D, generator=random, dtype=torch.float64)
    labels = torch.arange(R * B).view(R, B) % (C - 1)
    mask = dropout.draw_masks(np.random.default_rng(0), (R, B, H2), 0.5)
    return inputs, labels, DropoutMask(mask, 2.0)


def gradients(name, params, lengths, inputs, labels, dropout_mask=None, d_loss=None):
    """Losses (R, B) and the gradients of their sum, or of their product with `d_loss`."""
    batch = packing.layout(torch.tensor(lengths))
    fingers = model.finger_channels(FINGERS, D)
    logits, cache = model.forward(
        params, CELLS[name], fingers, batch, packing.pack(batch, inputs), dropout_mask
    )
    loss, d_logits = losses.softmax_cross_entropy(logits, labels)
    if d_loss is not None:
        d_logits = d_logits * d_loss[..., None]
    return loss, model.backward(params, CELLS[name], cache, d_logits, dropout_mask)


class Theirs(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        layer = MODULES[name]
        self.fingers = torch.nn.ModuleList(
            layer(len(finger), H1, batch_first=True, dtype=torch.float64) for finger in FINGERS
        )
        self.hand = layer(len(FINGERS) * H1, H2, batch_first=True, dtype=torch.float64)
        self.output = torch.nn.Linear(H2, C, dtype=torch.float64)

    def forward(self, inputs, lengths, kept):
        last = []
        for b, n in enumerate(lengths):
            sequences = [
                layer(inputs[[b], :n][..., finger])[0]
                for layer, finger in zip(self.fingers, FINGERS, strict=True)
            ]
            last.append(self.hand(torch.cat(sequences, dim=-1))[0][0, -1])
        return self.output(torch.stack(last) * kept)


def reference(name, lengths, inputs, labels, dropout_mask, like, *tensors):
    """Losses (R, B) of torch's own modules as a function of our parameters."""
    params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
    rows = []
    for r, row in enumerate(lengths):
        kept = 1.0 if dropout_mask is None else dropout_mask.mask[r] * dropout_mask.scale
        logits = torch.func.functional_call(
            Theirs(name), to_torch(params, r), (inputs[r], row, kept)
        )
        rows.append(torch.nn.functional.cross_entropy(logits, labels[r], reduction="none"))
    return torch.stack(rows)


@every_cell
@every_batch
def test_backward_is_the_gradient_of_the_loss_of_torchs_modules(name, lengths, check_gradients):
    inputs, labels, dropout_mask = batch_of(lengths)
    like = make(name, len(lengths))

    def ours(d_loss, *tensors):
        params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
        _, grads = gradients(name, params, lengths, inputs, labels, dropout_mask, d_loss)
        return list(state_dict(grads).values())

    check_gradients(
        lambda *tensors: reference(name, lengths, inputs, labels, dropout_mask, like, *tensors),
        ours,
        list(state_dict(like).values()),
    )


@every_cell
@every_batch
@pytest.mark.parametrize("dropped", [False, True])
def test_the_loss_is_that_of_torchs_modules(name, lengths, dropped):
    inputs, labels, dropout_mask = batch_of(lengths)
    dropout_mask = dropout_mask if dropped else None
    params = make(name, len(lengths))
    ours, _ = gradients(name, params, lengths, inputs, labels, dropout_mask)
    tensors = state_dict(params).values()
    theirs = reference(name, lengths, inputs, labels, dropout_mask, params, *tensors)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@every_cell
def test_what_stands_in_the_padding_changes_no_bit_of_loss_or_gradient(name):
    lengths = BATCHES["replicates differ"]
    inputs, labels, dropout_mask = batch_of(lengths)
    padding = torch.arange(inputs.shape[2]) >= torch.tensor(lengths)[..., None]
    params = make(name, 2)

    def everything(value):
        filled = inputs.masked_fill(padding[..., None], value)
        loss, grads = gradients(name, params, lengths, filled, labels, dropout_mask)
        return [loss, *state_dict(grads).values()]

    assert all(map(torch.equal, everything(torch.nan), everything(-99.0)))


def test_replicate_in_company_has_the_loss_and_gradients_of_the_replicate_alone():
    lengths = BATCHES["replicates differ"]
    inputs, labels, dropout_mask = batch_of(lengths)
    params = make("gru", 2)
    loss, grads = gradients("gru", params, lengths, inputs, labels, dropout_mask)
    for r in range(2):
        solo_loss, solo_grads = gradients(
            "gru",
            take_replicates(params, [r]),
            [lengths[r]],
            inputs[[r]],
            labels[[r]],
            DropoutMask(dropout_mask.mask[[r]], dropout_mask.scale),
        )
        torch.testing.assert_close(loss[[r]], solo_loss, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(
            state_dict(take_replicates(grads, [r])), state_dict(solo_grads), rtol=1e-9, atol=1e-14
        )


@pytest.mark.parametrize("scheme", [KERAS, TORCH])
def test_a_replicate_draws_the_same_weights_alone_as_in_company(scheme):
    third = state_dict(take_replicates(make("lstm", 3, scheme=scheme), [2]))
    alone = state_dict(make("lstm", 1, seeds=[2], scheme=scheme))
    assert all(map(torch.equal, third.values(), alone.values()))


def test_fingers_start_from_different_weights():
    weight = make("gru", 1).fingers.weight_hh[0]  # (F, 3H₁, H₁)
    assert not torch.equal(weight[0], weight[1])


def test_weights_survive_the_way_through_torchs_modules():
    params = make("lstm", 2)
    modules = []
    for r in range(2):
        module = Theirs("lstm")
        module.load_state_dict(to_torch(params, r))
        modules.append(module.state_dict())
    back = from_torch(params, modules)
    assert state_dict(back).keys() == state_dict(params).keys()
    assert all(map(torch.equal, state_dict(back).values(), state_dict(params).values()))


@pytest.mark.parametrize("fingers", [[], [[]], [[0, 1], [0, 1, 2]]])
def test_fingers_with_unequal_or_no_channels_are_refused(fingers):
    with pytest.raises(DataError, match="give each finger the same number of joints"):
        model.finger_channels(fingers, D)


@pytest.mark.parametrize("channel", [-1, 6])
def test_a_channel_that_the_sequences_lack_is_refused(channel):
    with pytest.raises(DataError, match=f"finger 1 names channel {channel}.*0 to 5"):
        model.finger_channels([[0, 1], [0, channel]], D)
