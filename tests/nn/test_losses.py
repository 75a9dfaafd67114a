import math

import pytest
import torch

from harmodels.nn import losses


def targets_of(labels, classes=6):
    return losses.one_hot(labels, classes, torch.float64)


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3)])
def test_gradient_of_binary_cross_entropy_is_y_minus_d(shape, check_gradients):
    random = torch.Generator().manual_seed(4)
    logits = 3 * torch.randn(*shape, 6, generator=random)
    targets = targets_of(torch.randint(6, shape, generator=random))

    def forward(logits):
        return losses.binary_cross_entropy(logits, targets)[0]

    def gradients(d_loss, logits):
        return [losses.weighted(losses.binary_cross_entropy(logits, targets)[1], d_loss)]

    check_gradients(forward, gradients, [logits])


def test_binary_cross_entropy_equals_torch_summed_over_classes():
    random = torch.Generator().manual_seed(5)
    logits = torch.randn(7, 6, generator=random, dtype=torch.float64)
    targets = targets_of(torch.randint(6, (7,), generator=random))
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets, reduction="none"
    ).sum(-1)
    torch.testing.assert_close(losses.binary_cross_entropy(logits, targets)[0], expected)


def test_negative_log_likelihood_is_minus_log_of_the_true_output():
    logits = torch.tensor([[0.3, -1.2, 2.0]], dtype=torch.float64)
    expected = -math.log(1 / (1 + math.exp(1.2)))
    loss = losses.negative_log_likelihood(logits, torch.tensor([1]))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_losses_of_extreme_logits_are_finite():
    logits, labels = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([1])
    sums = losses.binary_cross_entropy(logits, losses.one_hot(labels, 3, torch.float32))
    for loss, d_logits in (sums, losses.softmax_cross_entropy(logits, labels)):
        assert loss.item() == pytest.approx(2e4, rel=1e-4)
        assert d_logits.isfinite().all()
