import pytest
import torch

from harmodels.nn import elman

SHAPES = [  # R, B, T, D, H
    (1, 1, 1, 1, 1),
    (1, 1, 7, 3, 5),
    (3, 1, 4, 3, 5),
    (2, 4, 6, 2, 7),
]


def make(R, B, T, D, H, seed=1):
    random = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return 0.5 * torch.randn(*shape, generator=random, dtype=torch.float64)

    params = [normal(R, H, D), normal(R, H, H), normal(R, H), normal(R, H)]
    return [normal(R, B, T, D), normal(R, B, H), *params]


def forward(inputs, initial, *params):
    return elman.forward(elman.ElmanParams(*params), inputs, initial)[0]


def gradients(d_outputs, inputs, initial, *params):
    params = elman.ElmanParams(*params)
    _, cache = elman.forward(params, inputs, initial)
    d_inputs, d_initial, d_params = elman.backward(params, cache, d_outputs)
    return [d_inputs, d_initial, *d_params]


@pytest.mark.parametrize("shape", SHAPES)
def test_backward_is_the_gradient_of_forward(shape, check_gradients):
    check_gradients(forward, gradients, make(*shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_equal_those_of_torch_rnn_with_the_same_weights(shape):
    R, _, _, D, H = shape
    inputs, initial, *params = make(*shape)
    ours = forward(inputs, initial, *params)
    for r in range(R):
        theirs = torch.nn.RNN(D, H, batch_first=True, dtype=torch.float64)
        names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        theirs.load_state_dict({name: p[r] for name, p in zip(names, params, strict=True)})
        outputs, _ = theirs(inputs[r], initial[r][None])
        torch.testing.assert_close(ours[r], outputs, rtol=1e-12, atol=1e-12)


def test_the_printed_recursion_is_not_the_gradient():
    inputs, initial, *params = make(1, 1, 5, 3, 4)
    params = elman.ElmanParams(*params)
    outputs, cache = elman.forward(params, inputs, initial)
    right = elman.backward(params, cache, torch.ones_like(outputs))[2]
    printed = elman.backward_untransposed(params, cache, torch.ones_like(outputs))[2]
    assert not torch.allclose(right.weight_hh, printed.weight_hh)


def test_the_printed_recursion_is_the_gradient_when_weight_hh_is_symmetric():
    inputs, initial, weight_ih, weight_hh, *biases = make(1, 2, 5, 3, 4)
    params = elman.ElmanParams(weight_ih, weight_hh + weight_hh.mT, *biases)
    outputs, cache = elman.forward(params, inputs, initial)
    right = elman.backward(params, cache, torch.ones_like(outputs))
    printed = elman.backward_untransposed(params, cache, torch.ones_like(outputs))
    torch.testing.assert_close(right[2].weight_hh, printed[2].weight_hh)
    torch.testing.assert_close(right[0], printed[0])


def test_a_sequence_in_two_windows_gives_the_outputs_of_the_whole():
    inputs, initial, *params = make(2, 3, 9, 3, 4)
    whole = forward(inputs, initial, *params)
    first = forward(inputs[:, :, :5], initial, *params)
    second = forward(inputs[:, :, 5:], first[:, :, -1], *params)
    torch.testing.assert_close(whole, torch.cat([first, second], dim=2))
