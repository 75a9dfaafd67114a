import pytest
import torch

from harmodels import optim
from harmodels.nn.linear import LinearParams


def params(seed, R=2):
    random = torch.Generator().manual_seed(seed)
    return LinearParams(
        torch.randn(R, 4, 3, generator=random, dtype=torch.float64),
        torch.randn(R, 4, generator=random, dtype=torch.float64),
    )


def oracle(make, updates=5):
    """Run a torch optimiser on the same gradients."""
    leaves = [tensor.clone().requires_grad_() for tensor in params(0)]
    optimiser = make(leaves)
    for update in range(updates):
        for leaf, grad in zip(leaves, params(10 + update), strict=True):
            leaf.grad = grad
        optimiser.step()
    return leaves


def test_adam_equals_torch():
    ours, state = params(0), optim.adam_state(params(0))
    for update in range(5):
        ours, state = optim.adam_step(ours, params(10 + update), state, 0.01)
    theirs = oracle(lambda leaves: torch.optim.Adam(leaves, lr=0.01))
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected.detach(), rtol=1e-9, atol=1e-12)


def test_momentum_equals_torch():
    ours = params(0)
    velocity = LinearParams(*(torch.zeros_like(tensor) for tensor in ours))
    for update in range(5):
        ours, velocity = optim.momentum_step(ours, params(10 + update), velocity, 0.01, 0.09)
    theirs = oracle(lambda leaves: torch.optim.SGD(leaves, lr=0.01, momentum=0.09))
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected.detach(), rtol=1e-9, atol=1e-12)


def test_sgd_equals_torch():
    ours = params(0)
    for update in range(5):
        ours = optim.sgd_step(ours, params(10 + update), 0.01)
    theirs = oracle(lambda leaves: torch.optim.SGD(leaves, lr=0.01))
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected.detach(), rtol=1e-9, atol=1e-12)


def test_clipping_by_norm_acts_on_each_replicate_alone():
    grads = LinearParams(torch.zeros(2, 1, 2), torch.tensor([[3.0], [0.3]]))
    grads.weight[0, 0, 0] = 4.0
    clipped = optim.clip_by_norm(grads, 1.0)
    assert clipped.weight[0, 0, 0].item() == pytest.approx(0.8)
    assert clipped.bias.flatten().tolist() == pytest.approx([0.6, 0.3])


def test_clipping_by_value_limits_each_element():
    clipped = optim.clip_by_value(
        LinearParams(torch.tensor([[[-3.0, 0.2]]]), torch.ones(1, 1)), 0.5
    )
    assert clipped.weight.flatten().tolist() == pytest.approx([-0.5, 0.2])
    assert clipped.bias.item() == 0.5
