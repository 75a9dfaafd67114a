import numpy as np
import pytest
import torch

from harmodels.models import recurrent_classifier as model
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
D, H, C = 3, 5, 4

every_cell = pytest.mark.parametrize("name", MODULES)
every_batch = pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())


def make(name, R, layers=1, seeds=None, scheme=TORCH):
    return model.initialise(
        [np.random.default_rng(seed) for seed in seeds or range(R)],
        cell=CELLS[name],
        channels=D,
        hidden=H,
        layers=layers,
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
    mask = dropout.draw_masks(np.random.default_rng(0), (R, B, H), 0.5)
    return inputs, labels, DropoutMask(mask, 2.0)


def gradients(name, params, lengths, inputs, labels, dropout_mask=None, d_loss=None):
    """Losses (R, B) and the gradients of their sum, or of their product with `d_loss`."""
    batch = packing.layout(torch.tensor(lengths))
    logits, cache = model.forward(
        params, CELLS[name], batch, packing.pack(batch, inputs), dropout_mask
    )
    loss, d_logits = losses.softmax_cross_entropy(logits, labels)
    if d_loss is not None:
        d_logits = d_logits * d_loss[..., None]
    return loss, model.backward(params, CELLS[name], cache, d_logits, dropout_mask)


class Theirs(torch.nn.Module):
    def __init__(self, name, layers):
        super().__init__()
        self.rnn = MODULES[name](D, H, layers, batch_first=True, dtype=torch.float64)
        self.output = torch.nn.Linear(H, C, dtype=torch.float64)

    def forward(self, inputs, lengths, kept):
        last = torch.stack(
            [self.rnn(inputs[[b], :n])[0][0, -1] for b, n in enumerate(lengths)]
        )  # (B, H), each sequence on its own
        return self.output(last * kept)


def reference(name, layers, lengths, inputs, labels, dropout_mask, like, *tensors):
    """Losses (R, B) of torch's own modules as a function of our parameters."""
    params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
    rows = []
    for r, row in enumerate(lengths):
        kept = 1.0 if dropout_mask is None else dropout_mask.mask[r] * dropout_mask.scale
        logits = torch.func.functional_call(
            Theirs(name, layers), to_torch(params, r), (inputs[r], row, kept)
        )
        rows.append(torch.nn.functional.cross_entropy(logits, labels[r], reduction="none"))
    return torch.stack(rows)


@every_cell
@every_batch
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_backward_is_the_gradient_of_the_loss_of_torchs_modules(
    name, layers, lengths, check_gradients
):
    inputs, labels, dropout_mask = batch_of(lengths)
    like = make(name, len(lengths), layers)

    def ours(d_loss, *tensors):
        params = load_state_dict(like, dict(zip(state_dict(like), tensors, strict=True)))
        _, grads = gradients(name, params, lengths, inputs, labels, dropout_mask, d_loss)
        return list(state_dict(grads).values())

    check_gradients(
        lambda *tensors: reference(
            name, layers, lengths, inputs, labels, dropout_mask, like, *tensors
        ),
        ours,
        list(state_dict(like).values()),
    )


@every_cell
@every_batch
@pytest.mark.parametrize("dropped", [False, True])
def test_the_loss_is_that_of_torchs_modules(name, lengths, dropped):
    inputs, labels, dropout_mask = batch_of(lengths)
    dropout_mask = dropout_mask if dropped else None
    params = make(name, len(lengths), layers=2)
    ours, _ = gradients(name, params, lengths, inputs, labels, dropout_mask)
    tensors = state_dict(params).values()
    theirs = reference(name, 2, lengths, inputs, labels, dropout_mask, params, *tensors)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@every_cell
def test_what_stands_in_the_padding_changes_no_bit_of_loss_or_gradient(name):
    lengths = BATCHES["replicates differ"]
    inputs, labels, dropout_mask = batch_of(lengths)
    padding = torch.arange(inputs.shape[2]) >= torch.tensor(lengths)[..., None]
    params = make(name, 2, layers=2)

    def everything(value):
        filled = inputs.masked_fill(padding[..., None], value)
        loss, grads = gradients(name, params, lengths, filled, labels, dropout_mask)
        return [loss, *state_dict(grads).values()]

    assert all(map(torch.equal, everything(torch.nan), everything(-99.0)))


@every_cell
def test_the_order_of_a_batch_changes_only_the_order_of_its_losses(name):
    lengths = [[4, 7, 1, 4]]
    inputs, labels, _ = batch_of(lengths)
    params = make(name, 1)
    turned, _ = gradients(name, params, [[4, 1, 7, 4]], inputs.flip(1), labels.flip(1))
    straight, _ = gradients(name, params, lengths, inputs, labels)
    torch.testing.assert_close(turned.flip(1), straight)


def test_replicate_in_company_has_the_loss_and_gradients_of_the_replicate_alone():
    lengths = BATCHES["replicates differ"]
    inputs, labels, dropout_mask = batch_of(lengths)
    params = make("gru", 2, layers=2)
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
    together = make("lstm", 3, layers=2, scheme=scheme)
    alone = make("lstm", 1, layers=2, seeds=[2], scheme=scheme)
    third = state_dict(take_replicates(together, [2]))
    assert all(map(torch.equal, third.values(), state_dict(alone).values()))


def test_weights_survive_the_way_through_torchs_modules():
    params = make("gru", 2, layers=3)
    modules = []
    for r in range(2):
        module = Theirs("gru", 3)
        module.load_state_dict(to_torch(params, r))
        modules.append(module.state_dict())
    back = from_torch(params, modules)
    assert state_dict(back).keys() == state_dict(params).keys()
    assert all(map(torch.equal, state_dict(back).values(), state_dict(params).values()))
