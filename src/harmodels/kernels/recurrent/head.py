"""Head of the recurrent classifier: dropout, dense layer, softmax or sigmoids, loss."""

from typing import Any

import numpy as np

from harmodels.kernels import sigmoids, softmax
from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.strided_product import Size, View, product

# The losses of each kind of output; the kernels take the kind's position.
LOSSES = {
    "softmax": ("cross_entropy",),
    "sigmoids": ("binary_cross_entropy", "negative_log_likelihood"),
}
OUTPUTS = tuple(LOSSES)
_SOFTMAX = 0


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
def _losses(
    kind: int, head: Any, memory: np.ndarray, labels: np.ndarray, sequences: np.ndarray, first: int,
    last: int, factor: float,
) -> tuple[float, float]:  # fmt: skip
    """Write `factor` times the gradient at the logits of the rows; return the losses' sums."""
    size, step = len(sequences), head.logits_step
    loss, likelihood = 0.0, 0.0
    d_logits = memory[head.d_logits : head.d_logits + size * step].reshape(size, step)
    for b in range(first, last):
        at = head.logits + b * step
        logits = memory[at : at + head.classes]
        label = labels[sequences[b]]
        if kind == _SOFTMAX:
            loss += softmax.loss_and_gradient(logits, label, 0, factor, d_logits, b)
        else:
            both = sigmoids.loss_and_gradient(logits, label, factor, d_logits[b])
            loss += both[0]
            likelihood += both[1]
    return loss, likelihood


@inlined
def output_back(
    kind: int, head: Any, transposes: np.ndarray, memory: np.ndarray, gradient: np.ndarray,
    labels: np.ndarray, weights: np.ndarray, sequences: np.ndarray, masks: np.ndarray,
    positions: np.ndarray, scale: np.float32, one: np.ndarray,
) -> tuple[float, float]:  # fmt: skip
    """Write the gradient at the last states; return the sums of the losses that `LOSSES` names.

    Each loss, and its gradient, is multiplied by its sequence's weight, if there are `weights`.
    """
    size, step, width = len(sequences), head.logits_step, head.width
    loss, likelihood, mean = 0.0, 0.0, 1.0 / size
    if len(weights) == 0:
        loss, likelihood = _losses(kind, head, memory, labels, sequences, 0, size, mean)
    else:
        for b in range(size):
            own = np.float64(weights[sequences[b]])
            both = _losses(kind, head, memory, labels, sequences, b, b + 1, own * mean)
            loss += own * both[0]
            likelihood += own * both[1]
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
    return loss, likelihood
