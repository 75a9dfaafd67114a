import numpy as np
import pytest
import torch

from harmodels import optim
from harmodels.errors import TrainingError
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


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adam_after_decay_equals_torchs_adamw(weight_decay):
    ours, state = params(0), optim.adam_state(params(0))
    for update in range(5):
        ours = optim.decay(ours, 0.01, weight_decay)
        ours, state = optim.adam_step(ours, params(10 + update), state, 0.01)
    theirs = oracle(lambda leaves: torch.optim.AdamW(leaves, lr=0.01, weight_decay=weight_decay))
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


@pytest.mark.parametrize("epochs", [1, 2, 7, 50])
@pytest.mark.parametrize("updates", [1, 3, 5, 10])
def test_the_step_sizes_of_one_cycle_are_torchs_over_a_whole_training(epochs, updates):
    total = epochs * updates
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=0.02, total_steps=total, cycle_momentum=False
    )
    theirs = []
    for _ in range(total):
        theirs += scheduler.get_last_lr()
        optimiser.step()
        scheduler.step()
    ours = [optim.rates("one_cycle", 0.02, e, epochs, updates) for e in range(1, epochs + 1)]
    np.testing.assert_allclose(np.concatenate(ours), theirs, rtol=1e-9)


def test_a_cycle_that_is_over_is_refused_and_constant_step_sizes_never_end():
    with pytest.raises(TrainingError, match="epoch 3 of a one_cycle .* over 2 epochs.*: constant"):
        optim.rates("one_cycle", 0.1, epoch=3, epochs=2, updates=5)
    assert optim.rates("constant", 0.1, epoch=3, epochs=2, updates=5).tolist() == [0.1] * 5
