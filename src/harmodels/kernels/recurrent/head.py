"""Head of the recurrent classifier: dropout, dense layer and loss; and the step of Adam."""

from typing import Any, NamedTuple

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.strided_product import Size, View, product
from harmodels.kernels.softmax import loss_and_gradient


class Adam(NamedTuple):
    """Options of the optimiser (optim.adam_step)."""

    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float


@inlined
def _drop(
    memory: np.ndarray, source: int, target: int, head: Any, masks: np.ndarray,
    positions: np.ndarray, scale: np.float32,
) -> None:  # fmt: skip
    """Multiply the rows at `source` by their masks and the scale; without masks copy them."""
    for b in range(len(positions)):
        row = b * head.last_state_step
        for j in range(head.hidden):
            value = memory[source + row + j]
            if len(masks) > 0:
                value *= masks[positions[b], j] * scale
            memory[target + row + j] = value


@inlined
def output(
    head: Any, theta: np.ndarray, memory: np.ndarray, masks: np.ndarray, positions: np.ndarray,
    scale: np.float32,
) -> None:  # fmt: skip
    """Write the logits of the batch; `positions` are the masks' rows of its sequences."""
    _drop(memory, head.last_state, head.dropped, head, masks, positions, scale)
    product(
        memory, View(head.dropped, head.last_state_step, 1),
        theta, View(head.weight, head.weight_step, 1),
        theta, View(head.bias, 0, 1),
        memory, View(head.logits, head.logits_step, 1),
        Size(len(positions), head.hidden, head.width),
    )  # fmt: skip


@inlined
def output_back(
    head: Any, transposes: np.ndarray, memory: np.ndarray, gradient: np.ndarray,
    labels: np.ndarray, sequences: np.ndarray, masks: np.ndarray, positions: np.ndarray,
    scale: np.float32, one: np.ndarray,
) -> float:  # fmt: skip
    """Write the gradient at the last states; return the sum of the cross-entropies."""
    size, step, width = len(sequences), head.logits_step, head.width
    loss, mean = 0.0, 1.0 / size
    d_logits = memory[head.d_logits : head.d_logits + size * step].reshape(size, step)
    for b in range(size):
        at = head.logits + b * step
        logits = memory[at : at + head.classes]
        loss += loss_and_gradient(logits, labels[sequences[b]], 0, mean, d_logits, b)
    errors, weight = View(head.d_logits, step, 1), View(head.weight, head.weight_step, 1)
    bias = View(head.bias, 0, 1)
    product(
        memory, errors,
        transposes, View(head.weight_t, head.weight_t_step, 1),
        memory, View(head.zeros, 0, 1),
        memory, View(head.d_last_state, head.last_state_step, 1),
        Size(size, head.classes, head.last_state_width),
    )  # fmt: skip
    product(
        memory, View(head.dropped, 1, head.last_state_step), memory, errors,
        gradient, weight, gradient, weight, Size(head.hidden, size, width),
    )  # fmt: skip
    product(
        one, View(0, 0, 0), memory, errors, gradient, bias, gradient, bias, Size(1, size, width)
    )
    _drop(memory, head.d_last_state, head.d_last_state, head, masks, positions, scale)
    return loss


@inlined
def adam_step(
    theta: np.ndarray, gradient: np.ndarray, exp_avg: np.ndarray, exp_avg_sq: np.ndarray,
    updates: float, options: Adam,
) -> None:  # fmt: skip
    """Take the step after `updates` earlier ones, and clear the gradient for the next."""
    beta1, beta2 = np.float32(options.beta1), np.float32(options.beta2)
    rest1, rest2 = np.float32(1 - options.beta1), np.float32(1 - options.beta2)
    rate = np.float32(options.learning_rate / (1 - options.beta1 ** (updates + 1)))
    scale = np.float32(1 / np.sqrt(1 - options.beta2 ** (updates + 1)))
    epsilon = np.float32(options.epsilon)
    for k in range(len(theta)):
        slope = gradient[k]
        gradient[k] = np.float32(0)
        m = beta1 * exp_avg[k] + rest1 * slope
        v = beta2 * exp_avg_sq[k] + rest2 * (slope * slope)
        exp_avg[k], exp_avg_sq[k] = m, v
        theta[k] -= rate * m / (np.sqrt(v) * scale + epsilon)
