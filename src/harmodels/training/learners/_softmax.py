"""Dropout masks and loss, shared by the learners whose networks end in a softmax."""

import torch
from torch import Tensor

from harmodels.nn import dropout, losses
from harmodels.nn.devices import send
from harmodels.training.learners._base import Draws, Losses, NetworkLearner


class SoftmaxLearner(NetworkLearner):
    """A learner whose network ends in a softmax."""

    def losses(self, scores: Tensor, labels: Tensor, weights: Tensor | None = None) -> Losses:
        """Return the mean cross-entropy of logits (n, C), weighted by `weights` (n,) if given."""
        loss, _ = losses.softmax_cross_entropy(scores, labels)
        return {"cross_entropy": losses.mean(loss, weights)}


def draw_dropout_masks(generators: Draws, order: Tensor, units: int, rate: float) -> Tensor | None:
    """Return masks (R, n, units) for each position of `order` (R, n); None if the rate is 0."""
    if not rate:
        return None
    shape = (order.shape[1], units)
    masks = [dropout.draw_masks(generator, shape, 1 - rate) for generator in generators]
    return send(torch.stack(masks), order.device)
