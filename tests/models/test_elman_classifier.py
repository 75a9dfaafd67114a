import numpy as np
import pytest
import torch

from harmodels.models import elman
from harmodels.nn import elman as layer
from harmodels.nn import linear
from harmodels.nn.initialisers import uniform
from harmodels.nn.params import state_dict, take_replicates


def make(R, seeds=None, hidden=5):
    generators = [np.random.default_rng(seed) for seed in seeds or range(R)]
    sizes = {"channels": 3, "hidden": hidden, "classes": 6}
    draws = {"weights": uniform(0.5), "biases": uniform(0.5)}
    return elman.initialise(generators, **sizes, **draws, dtype=torch.float64)


def rebuild(tensors):
    return elman.ElmanClassifier(layer.ElmanParams(*tensors[:4]), linear.LinearParams(*tensors[4:]))


@pytest.mark.parametrize(("R", "B", "T"), [(1, 1, 1), (2, 3, 8)])
def test_backward_is_the_gradient_at_every_parameter(R, B, T, check_gradients):
    random = torch.Generator().manual_seed(6)
    inputs = torch.randn(R, B, T, 3, generator=random, dtype=torch.float64)
    initial = torch.randn(R, B, 5, generator=random, dtype=torch.float64)

    def forward(*tensors):
        return elman.forward(rebuild(tensors), inputs, initial)[0]

    def gradients(d_logits, *tensors):
        params = rebuild(tensors)
        _, _, cache = elman.forward(params, inputs, initial)
        return list(state_dict(elman.backward(params, cache, d_logits)).values())

    check_gradients(forward, gradients, list(state_dict(make(R)).values()))


def states_by_autograd(params, inputs, targets, length):
    """Return the gradients (T, H) at the states of one sequence, with torch.autograd."""
    rnn, output = params
    state, states = torch.zeros(5, dtype=torch.float64), []
    for x in inputs[:length]:
        state = torch.tanh(
            rnn.weight_ih[0] @ x + rnn.bias_ih[0] + rnn.weight_hh[0] @ state + rnn.bias_hh[0]
        )
        states.append(state.requires_grad_() if not states else state)
    logits = output.weight[0] @ state + output.bias[0]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
    return torch.stack(torch.autograd.grad(loss, states))


@pytest.mark.parametrize("lengths", [None, [7, 1, 4]])
def test_state_gradients_are_those_of_autograd_at_every_step(lengths):
    random = torch.Generator().manual_seed(6)
    inputs = torch.randn(1, 3, 7, 3, generator=random, dtype=torch.float64)
    targets = torch.eye(6, dtype=torch.float64)[[0, 2, 5]]
    params = make(1)
    given = None if lengths is None else torch.tensor([lengths])
    initial = torch.zeros(1, 3, 5, dtype=torch.float64)
    logits, _, cache = elman.forward(params, inputs, initial, given)
    d_logits = torch.sigmoid(logits) - targets
    found = elman.state_gradients(params, cache, d_logits)
    for i, length in enumerate(lengths or [7, 7, 7]):
        expected = states_by_autograd(params, inputs[0, i], targets[i], length)
        torch.testing.assert_close(found[0, i, :length], expected, rtol=1e-9, atol=1e-14)
        assert not found[0, i, length:].any()
    untransposed = elman.state_gradients(params, cache, d_logits, transposed=False)
    assert torch.equal(untransposed[0, 0, 6], found[0, 0, 6])
    assert not torch.allclose(untransposed[0, 0, 5], found[0, 0, 5])


def test_a_replicate_draws_the_same_weights_alone_as_in_company_and_others_than_the_next():
    together, alone = make(3), make(1, seeds=[2])
    third = state_dict(take_replicates(together, [2]))
    torch.testing.assert_close(third, state_dict(alone), rtol=0, atol=0)
    assert not torch.equal(together.rnn.weight_hh[0], together.rnn.weight_hh[1])
