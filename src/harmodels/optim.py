"""Step sizes, clipping, weight decay, SGD, momentum and Adam as pure functions."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from harmodels.errors import TrainingError
from harmodels.nn.params import Tree, map_params, state_dict

Rate = float | torch.Tensor  # a step size; a tensor () can change between two replays of a step


def rates(
    schedule: str, learning_rate: float, epoch: int, epochs: int, updates: int
) -> NDArray[np.float64]:
    """Return the step size of each of an epoch's updates.

    Parameters
    ----------
    schedule
        `constant`, or `one_cycle`: over all updates of a training half a cosine up from a 25th of
        `learning_rate` to it within the first 3/10, then one down to a 250,000th (Smith and Topin,
        SPIE 11006, 2019, as torch.optim.lr_scheduler.OneCycleLR with its defaults).
    epoch, epochs
        The epoch, from 1, and how many the training has.
    updates
        How many an epoch has.

    Returns
    -------
    rates
        (updates,).

    Raises
    ------
    TrainingError
        If the cycle is over before this epoch.

    Examples
    --------
    >>> rates("one_cycle", 0.1, epoch=1, epochs=2, updates=5).round(4)
    array([0.004 , 0.052 , 0.1   , 0.0951, 0.0812])
    >>> rates("one_cycle", 0.1, epoch=2, epochs=2, updates=5).round(4)
    array([0.0611, 0.0389, 0.0188, 0.005 , 0.    ])
    """
    if schedule == "constant":
        return np.full(updates, learning_rate)
    if epoch > epochs:
        raise TrainingError(
            f"epoch {epoch} of a one_cycle schedule over {epochs} epochs; its step sizes end with "
            "it: give it as many epochs as are trained, or choose schedule: constant."
        )
    update = (epoch - 1) * updates + np.arange(updates, dtype=np.float64)
    peak, last = 0.3 * epochs * updates - 1, epochs * updates - 1
    lowest = learning_rate / 25
    return np.where(
        update <= peak,
        _half_cosine(lowest, learning_rate, update / peak),
        _half_cosine(learning_rate, lowest / 1e4, (update - peak) / (last - peak)),
    )


def _half_cosine(start: float, end: float, share: NDArray[np.float64]) -> NDArray[np.float64]:
    return end + (start - end) / 2 * (1 + np.cos(np.pi * share))


def clip_by_value(grads: Tree, bound: float) -> Tree:
    """Return the gradients with each element limited to [-bound, bound]."""
    return map_params(lambda grad: grad.clamp(-bound, bound), grads)


def clip_by_norm(grads: Tree, bound: float) -> Tree:
    """Return the gradients of each replicate scaled so that their common norm is at most `bound`.

    Source: Pascanu, Mikolov and Bengio, ICML 2013, algorithm 1.
    """
    squares = [grad.square().flatten(1).sum(1) for grad in state_dict(grads).values()]
    norm = torch.stack(squares).sum(0).sqrt()  # (R,)
    factor = (bound / norm.clamp_min(1e-12)).clamp_max(1.0)  # (R,)
    return map_params(lambda grad: grad * factor.view(-1, *[1] * (grad.dim() - 1)), grads)


def decay(params: Tree, learning_rate: Rate, weight_decay: float) -> Tree:
    """Return params - learning_rate · weight_decay · params, from which the step is taken.

    Source: AdamW (Loshchilov and Hutter, ICLR 2019), which decays all parameters, biases too.
    """
    return map_params(lambda param: param - learning_rate * weight_decay * param, params)


def sgd_step(params: Tree, grads: Tree, learning_rate: Rate) -> Tree:
    """Return params - learning_rate · grads."""
    return map_params(lambda param, grad: param - learning_rate * grad, params, grads)


def momentum_step(
    params: Tree, grads: Tree, velocity: Tree, learning_rate: Rate, momentum: float
) -> tuple[Tree, Tree]:
    """Take a step of SGD with momentum (report mlp_features, equation 4); return both trees.

    velocity ← momentum · velocity - learning_rate · grads; params ← params + velocity. The velocity
    is zero at the start.

    >>> from harmodels.nn.linear import LinearParams
    >>> params = velocity = LinearParams(torch.zeros(1, 1, 1), torch.zeros(1, 1))
    >>> grads = LinearParams(torch.ones(1, 1, 1), torch.ones(1, 1))
    >>> for _ in range(2):
    ...     params, velocity = momentum_step(params, grads, velocity, 0.5, momentum=0.5)
    >>> params.bias, velocity.bias
    (tensor([[-1.2500]]), tensor([[-0.7500]]))
    """
    velocity = map_params(lambda v, grad: momentum * v - learning_rate * grad, velocity, grads)
    return map_params(torch.add, params, velocity), velocity


class AdamState(NamedTuple):
    """Moving averages of the gradients and of their squares, and the number of updates."""

    exp_avg: tuple  # type: ignore[type-arg]  # a tree shaped as the parameters
    exp_avg_sq: tuple  # type: ignore[type-arg]  # the same
    updates: torch.Tensor  # (R,)


def adam_state(params: Tree) -> AdamState:
    """Return the state before the first update."""
    some = next(iter(state_dict(params).values()))
    zero = map_params(torch.zeros_like, params)
    return AdamState(zero, zero, some.new_zeros(len(some)))


def adam_step(
    params: Tree,
    grads: Tree,
    state: AdamState,
    learning_rate: Rate,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Tree, AdamState]:
    """Take a step of Adam (Kingma and Ba, ICLR 2015, algorithm 1, as torch.optim.Adam).

    The first step, from `adam_state`, is one learning rate long, whatever the size of a gradient:

    >>> from harmodels.nn.linear import LinearParams
    >>> params = LinearParams(torch.zeros(1, 1, 2), torch.zeros(1, 1))
    >>> grads = LinearParams(torch.tensor([[[3.0, -0.01]]]), torch.ones(1, 1))
    >>> params, state = adam_step(params, grads, adam_state(params), learning_rate=0.1)
    >>> params.weight
    tensor([[[-0.1000,  0.1000]]])
    """
    updates = state.updates + 1
    correction1, correction2 = 1 - beta1**updates, 1 - beta2**updates  # (R,)
    exp_avg = map_params(lambda m, grad: beta1 * m + (1 - beta1) * grad, state.exp_avg, grads)
    exp_avg_sq = map_params(
        lambda v, grad: beta2 * v + (1 - beta2) * grad.square(), state.exp_avg_sq, grads
    )

    def move(param: torch.Tensor, m: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        one_a_replicate = (-1, *[1] * (param.dim() - 1))
        # what torch makes of a number divided by a tensor, and so the same bytes from a tensor
        rate = (learning_rate * correction1.reciprocal()).view(one_a_replicate)
        scale = correction2.sqrt().view(one_a_replicate)
        return param - rate * m / (v.sqrt() / scale + epsilon)

    moved: Tree = map_params(move, params, exp_avg, exp_avg_sq)  # type: ignore[assignment]
    return moved, AdamState(exp_avg, exp_avg_sq, updates)
