import numpy as np
import torch

from harmodels.nn import dropout, losses, relu


def test_relu_backward_is_the_gradient_of_forward(check_gradients):
    random = torch.Generator().manual_seed(1)
    inputs = torch.randn(2, 3, 5, generator=random)

    def gradients(d_outputs, inputs):
        return [relu.backward(relu.forward(inputs)[1], d_outputs)]

    check_gradients(lambda x: relu.forward(x)[0], gradients, [inputs])


def test_dropout_backward_is_the_gradient_of_forward(check_gradients):
    mask = dropout.draw_masks(np.random.default_rng(0), (2, 3, 5), 0.5)
    inputs = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(2))

    def gradients(d_outputs, inputs):
        return [dropout.backward(mask, d_outputs, 2.0)]

    check_gradients(lambda x: dropout.forward(x, mask, 2.0), gradients, [inputs])


def test_masks_keep_with_the_probability_asked_for():
    masks = dropout.draw_masks(np.random.default_rng(0), (400, 300), 0.8)
    assert set(masks.unique().tolist()) == {0, 1}
    assert abs(masks.float().mean().item() - 0.8) < 0.005


def test_gradient_of_softmax_cross_entropy_is_y_minus_d(check_gradients):
    random = torch.Generator().manual_seed(3)
    logits = 3 * torch.randn(2, 4, 6, generator=random)
    labels = torch.randint(6, (2, 4), generator=random)

    def gradients(d_loss, logits):
        return [losses.weighted(losses.softmax_cross_entropy(logits, labels)[1], d_loss)]

    check_gradients(lambda z: losses.softmax_cross_entropy(z, labels)[0], gradients, [logits])


def test_times_softmax_jacobian_equals_the_matrix_from_autograd():
    random = torch.Generator().manual_seed(4)
    logits, vector = torch.randn(2, 6, generator=random, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(-1), logits)
    ours = losses.times_softmax_jacobian(logits.softmax(-1), vector)
    torch.testing.assert_close(ours, jacobian @ vector)
