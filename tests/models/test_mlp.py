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
        mlp.forward(mlp.in_use(params, 0.5, "at_inference"), inputs)[0],
        mlp.forward(params, inputs, halved)[0],
    )


def test_inverted_dropout_and_none_leave_the_network_as_it_was_trained():
    params = make(1)
    assert mlp.in_use(params, 0.5, "inverted") is params
    assert mlp.in_use(params, 0.0, "as_programmed") is params


@pytest.mark.parametrize("rate", [0.5, 0.2])
def test_in_use_scales_what_the_second_layer_of_the_program_puts_out(rate):
    params = make(2)
    inputs = torch.randn(2, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    _, cache = mlp.forward(params, inputs)
    scaled = (1 - rate) * cache.relu2  # the outputs of the second layer, its bias included
    expected = scaled @ params.output.weight.mT + params.output.bias[:, None]
    used = mlp.in_use(params, rate, "as_programmed")
    torch.testing.assert_close(mlp.forward(used, inputs)[0], expected, rtol=1e-9, atol=1e-12)


def sample_as_programmed(params, r, x, mask, d_logits):
    """Logits and updates of one sample with extended inputs and weights, layer after layer."""
    w1, w2, w3 = (np.column_stack([p.weight[r].numpy(), p.bias[r].numpy()]) for p in params)
    x1 = np.append(x, 1.0)
    v1 = w1 @ x1
    x2 = np.append(np.where(v1 > 0, v1, 0), 1.0)  # kept for the backward pass, before the mask
    v2 = w2 @ (x2 * mask)  # the mask covers the extended input
    x3 = np.append(np.where(v2 > 0, v2, 0), 1.0)
    d2 = (v2 > 0) * (w3[:, :-1].T @ d_logits)
    d1 = (v1 > 0) * (w2[:, :-1].T @ d2)
    return w3 @ x3, [np.outer(d1, x1), np.outer(d2, x2), np.outer(d_logits, x3)]


def test_dropout_as_programmed_is_what_extended_matrices_give_sample_by_sample():
    R, B, params = 2, 6, make(2)
    random = np.random.default_rng(5)
    inputs, d_logits = random.normal(size=(R, B, 7)), random.normal(size=(R, B, 3))
    masks = dropout.draw_masks(random, (R, B, 6), 0.5)
    assert 0 < masks[..., -1].sum() < R * B  # some biases are dropped, some are not
    logits, cache = mlp.forward_as_programmed(params, torch.from_numpy(inputs), masks)
    grads = mlp.backward(params, cache, torch.from_numpy(d_logits))
    for r in range(R):
        parts = [
            sample_as_programmed(params, r, inputs[r, b], masks[r, b].numpy(), d_logits[r, b])
            for b in range(B)
        ]
        expected = torch.from_numpy(np.stack([part[0] for part in parts]))
        torch.testing.assert_close(logits[r], expected, rtol=1e-9, atol=1e-12)
        sums = map(sum, zip(*(part[1] for part in parts), strict=True))
        for layer, summed in zip(grads, sums, strict=True):
            mine = torch.cat([layer.weight[r], layer.bias[r, :, None]], dim=1)
            torch.testing.assert_close(mine, torch.from_numpy(summed), rtol=1e-9, atol=1e-12)


def test_dropout_as_programmed_differs_from_the_gradient_given_the_mask():
    params, random = make(1), torch.Generator().manual_seed(1)
    inputs = torch.randn(1, 6, 7, dtype=torch.float64, generator=random)
    masks = torch.tensor([1, 0, 1, 0, 1, 1], dtype=torch.uint8).expand(1, 6, 6)
    d_logits = torch.ones(1, 6, 3, dtype=torch.float64)
    programmed, cache = mlp.forward_as_programmed(params, inputs, masks)
    mask = dropout.DropoutMask(masks[..., :-1], 1.0)
    logits, right = mlp.forward(params, inputs, mask)
    torch.testing.assert_close(programmed, logits)  # the bias is kept here
    ours = mlp.backward(params, cache, d_logits).hidden2.weight
    assert not torch.allclose(ours, mlp.backward(params, right, d_logits, mask).hidden2.weight)
