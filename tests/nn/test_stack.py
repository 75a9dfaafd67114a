import pytest
import torch

from harmodels.nn import packing, stack, torch_names
from harmodels.nn.cells import CELLS
from harmodels.nn.params import load_state_dict, map_params, state_dict
from harmodels.nn.recurrent import RecurrentParams

LENGTHS = torch.tensor([[4, 6, 1], [2, 2, 5]])
R, D, H = 2, 3, 5


def make(name, layers, seed=1):
    random = torch.Generator().manual_seed(seed)
    rows = CELLS[name].gates * H

    def normal(*shape):
        return 0.5 * torch.randn(*shape, generator=random, dtype=torch.float64)

    inputs = [D, *[H] * (layers - 1)]
    shapes = [((R, rows, size), (R, rows, H), (R, rows), (R, rows)) for size in inputs]
    return stack.stack([RecurrentParams(*(normal(*shape) for shape in each)) for each in shapes])


def inputs(seed=2):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(R, 3, 6, D, generator=random, dtype=torch.float64)


def module(name, layers, params, replicate):
    theirs = CELLS[name].torch_layer(D, H, layers, batch_first=True, dtype=torch.float64)
    theirs.load_state_dict(torch_names.to_torch(params, replicate))
    return theirs


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_and_gradients_equal_those_of_torch_nn(name, layers):
    params, batch, cell = make(name, layers), packing.layout(LENGTHS), CELLS[name]
    outputs, caches = stack.forward(cell, params, batch, packing.pack(batch, inputs()))
    cotangent = torch.randn(R, 3, 6, H, generator=torch.Generator(), dtype=torch.float64)
    d_inputs, d_params = stack.backward(
        cell, params, batch, caches, packing.unpack_backward(batch, cotangent)
    )
    for r in range(R):
        theirs, leaf = module(name, layers, params, r), inputs()[r].requires_grad_()
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            leaf, LENGTHS[r], batch_first=True, enforce_sorted=False
        )
        oracle = torch.nn.utils.rnn.pad_packed_sequence(
            theirs(packed)[0], batch_first=True, total_length=6
        )[0]
        oracle.backward(cotangent[r])
        expected = {weight: value.grad for weight, value in theirs.named_parameters()}
        ours = [packing.unpack(batch, each)[r] for each in (outputs, d_inputs)]
        ours.append(torch_names.to_torch(d_params, r))
        theirs = [oracle, leaf.grad, expected]
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_without_the_inputs_gradient_the_parameters_gradients_are_the_same():
    params, batch, cell = make("gru", 2), packing.layout(LENGTHS), CELLS["gru"]
    outputs, caches = stack.forward(cell, params, batch, packing.pack(batch, inputs()))
    d_outputs = torch.ones_like(outputs)
    whole = state_dict(stack.backward(cell, params, batch, caches, d_outputs)[1])
    alone = state_dict(stack.backward_to_params(cell, params, batch, caches, d_outputs))
    assert all(torch.equal(whole[name], alone[name]) for name in whole)


def test_layers_are_named_from_the_lowest():
    assert list(state_dict(make("gru", 2)))[3:5] == ["layer0.bias_hh", "layer1.weight_ih"]


def test_a_stack_survives_its_state_dict():
    params = make("lstm", 3)
    zero = map_params(torch.zeros_like, params)
    back = load_state_dict(zero, state_dict(params))
    assert type(back) is type(params)
    assert all(map(torch.equal, state_dict(back).values(), state_dict(params).values()))
