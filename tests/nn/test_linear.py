import pytest
import torch

from harmodels.nn import linear


def forward(inputs, weight, bias):
    return linear.forward(linear.LinearParams(weight, bias), inputs)[0]


def gradients(d_outputs, inputs, weight, bias):
    params = linear.LinearParams(weight, bias)
    _, cache = linear.forward(params, inputs)
    d_inputs, d_params = linear.backward(params, cache, d_outputs)
    return [d_inputs, *d_params]


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 5, 4), (3, 1, 7, 2)])
def test_backward_is_the_gradient_of_forward(shape, check_gradients):
    R, B, I, O = shape  # noqa: E741
    random = torch.Generator().manual_seed(2)
    tensors = [torch.randn(*s, generator=random) for s in [(R, B, I), (R, O, I), (R, O)]]
    check_gradients(forward, gradients, tensors)


def test_each_replicate_is_one_torch_linear():
    random = torch.Generator().manual_seed(3)
    inputs, weight, bias = (
        torch.randn(*s, generator=random) for s in [(2, 4, 3), (2, 5, 3), (2, 5)]
    )
    outputs = forward(inputs, weight, bias)
    for r in range(2):
        expected = torch.nn.functional.linear(inputs[r], weight[r], bias[r])
        torch.testing.assert_close(outputs[r], expected)
