"""Steps downhill: pure functions from parameters and gradients to new parameters."""

from harmodels.nn.params import Tree, map_params


def clip_by_value(grads: Tree, bound: float) -> Tree:
    """Return the gradients with each element limited to [-bound, bound]."""
    return map_params(lambda grad: grad.clamp(-bound, bound), grads)


def sgd_step(params: Tree, grads: Tree, learning_rate: float) -> Tree:
    """Return params - learning_rate · grads."""
    return map_params(lambda param, grad: param - learning_rate * grad, params, grads)
