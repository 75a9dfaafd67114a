import numpy as np
import pytest
import torch

from harmodels.models import mlp
from harmodels.nn import dropout
from harmodels.nn.initialisers import uniform
from harmodels.nn.linear import LinearParams
from harmodels.nn.params import state_dict


def make(R):
    return mlp.initialise(
        [np.random.default_rng(r) for r in range(R)],
        sizes=(7, 5, 4, 3),
        weights=uniform(0.8),
        biases=uniform(0.8),
        dtype=torch.float64,
    )


def rebuild(tensors):
    pairs = [LinearParams(*tensors[i : i + 2]) for i in (0, 2, 4)]
    return mlp.Mlp(*pairs)


@pytest.mark.parametrize(("R", "B"), [(1, 1), (3, 6)])
@pytest.mark.parametrize("scale", [None, 1.0, 2.0])
def test_backward_is_the_gradient_at_every_parameter(R, B, scale, check_gradients):
    random = torch.Generator().manual_seed(6)
    inputs = torch.randn(R, B, 7, generator=random, dtype=torch.float64)
    mask = dropout.draw_masks(np.random.default_rng(0), (R, B, 5), 0.5)
    dropout_mask = None if scale is None else dropout.DropoutMask(mask, scale)

    def gradients(d_logits, *tensors):
        params = rebuild(tensors)
        _, cache = mlp.forward(params, inputs, dropout_mask)
        return list(state_dict(mlp.backward(params, cache, d_logits, dropout_mask)).values())

    check_gradients(
        lambda *tensors: mlp.forward(rebuild(tensors), inputs, dropout_mask)[0],
        gradients,
        list(state_dict(make(R)).values()),
    )


def test_in_use_scales_the_activations_before_the_second_layer():
    params = make(2)
    inputs = torch.randn(2, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    halved = dropout.DropoutMask(torch.full((2, 6, 5), 0.5, dtype=torch.float64), 1.0)
    torch.testing.assert_close(
        mlp.forward(mlp.at_inference(params, 0.5), inputs)[0],
        mlp.forward(params, inputs, halved)[0],
    )
