"""Gradient clipping, SGD, momentum and Adam as pure functions that return new tensors."""

from typing import NamedTuple

import torch

from harmodels.nn.params import Tree, map_params, state_dict


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


def sgd_step(params: Tree, grads: Tree, learning_rate: float) -> Tree:
    """Return params - learning_rate · grads."""
    return map_params(lambda param, grad: param - learning_rate * grad, params, grads)


def momentum_step(
    params: Tree, grads: Tree, velocity: Tree, learning_rate: float, momentum: float
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
    learning_rate: float,
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
        rate = (learning_rate / correction1).view(one_a_replicate)
        scale = correction2.sqrt().view(one_a_replicate)
        return param - rate * m / (v.sqrt() / scale + epsilon)

    moved: Tree = map_params(move, params, exp_avg, exp_avg_sq)  # type: ignore[assignment]
    return moved, AdamState(exp_avg, exp_avg_sq, updates)
