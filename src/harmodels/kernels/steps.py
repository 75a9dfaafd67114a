"""The update of a flat array of parameters: three rules, clipping, weight decay."""

from typing import NamedTuple

import numpy as np

from harmodels.kernels.compiling import inlined

RULES = ("sgd", "adam", "momentum")
_ADAM, _MOMENTUM = 1, 2


class StepOptions(NamedTuple):
    """Options of an update.

    Attributes
    ----------
    rule
        Position in `RULES`.
    beta1, beta2, epsilon
        Of optim.adam_step; of optim.momentum_step `beta1` is the momentum.
    clip_norm
        Bound on the norm of the whole gradient (optim.clip_by_norm); infinite without one.
    """

    rule: int
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    clip_norm: float = float("inf")


@inlined
def take_step(
    theta: np.ndarray, gradient: np.ndarray, exp_avg: np.ndarray, exp_avg_sq: np.ndarray,
    updates: float, rate: float, decay: np.ndarray, options: StepOptions,
) -> None:  # fmt: skip
    """Take the step after `updates` earlier ones, and clear the gradient for the next.

    `decay` is the weight decay of each parameter (optim.decay); empty where there is none. Gradient
    descent reads no moments, which may be empty; `exp_avg` of momentum is the velocity.
    """
    if options.clip_norm < np.inf:
        _clip_by_norm(gradient, options.clip_norm)
    for k in range(len(decay)):
        theta[k] -= np.float32(rate) * decay[k] * theta[k]
    if options.rule == _ADAM:
        _adam_step(theta, gradient, exp_avg, exp_avg_sq, updates, rate, options)
    elif options.rule == _MOMENTUM:
        _momentum_step(theta, gradient, exp_avg, np.float32(rate), np.float32(options.beta1))
    else:
        _sgd_step(theta, gradient, np.float32(rate))


@inlined
def _clip_by_norm(gradient: np.ndarray, bound: float) -> None:
    """Scale the gradient to a norm of at most `bound`; NaN stays."""
    total = 0.0
    for k in range(len(gradient)):
        total += np.float64(gradient[k]) * np.float64(gradient[k])
    norm = np.sqrt(total)
    if norm > bound:
        factor = np.float32(bound / norm)
        for k in range(len(gradient)):
            gradient[k] *= factor


@inlined
def _sgd_step(theta: np.ndarray, gradient: np.ndarray, rate: np.float32) -> None:
    for k in range(len(theta)):
        theta[k] -= rate * gradient[k]
        gradient[k] = np.float32(0)


@inlined
def _momentum_step(
    theta: np.ndarray, gradient: np.ndarray, velocity: np.ndarray, rate: np.float32,
    momentum: np.float32,
) -> None:  # fmt: skip
    for k in range(len(theta)):
        velocity[k] = momentum * velocity[k] - rate * gradient[k]
        gradient[k] = np.float32(0)
        theta[k] += velocity[k]


@inlined
def _adam_step(
    theta: np.ndarray, gradient: np.ndarray, exp_avg: np.ndarray, exp_avg_sq: np.ndarray,
    updates: float, learning_rate: float, options: StepOptions,
) -> None:  # fmt: skip
    beta1, beta2 = np.float32(options.beta1), np.float32(options.beta2)
    rest1, rest2 = np.float32(1 - options.beta1), np.float32(1 - options.beta2)
    rate = np.float32(learning_rate / (1 - options.beta1 ** (updates + 1)))
    scale = np.float32(1 / np.sqrt(1 - options.beta2 ** (updates + 1)))
    epsilon = np.float32(options.epsilon)
    for k in range(len(theta)):
        slope = gradient[k]
        gradient[k] = np.float32(0)
        m = beta1 * exp_avg[k] + rest1 * slope
        v = beta2 * exp_avg_sq[k] + rest2 * (slope * slope)
        exp_avg[k], exp_avg_sq[k] = m, v
        theta[k] -= rate * m / (np.sqrt(v) * scale + epsilon)
