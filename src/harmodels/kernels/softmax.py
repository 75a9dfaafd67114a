"""Softmax and cross-entropy of one sample, with the variants of the gradient at the logits."""

import math

import numpy as np

from harmodels.kernels.compiling import inlined

# Values of `output_gradient`; the kernels take the position.
GRADIENT_VARIANTS = ("exact", "times_jacobian", "times_jacobian_plus_identity")
_EXACT, _PLUS_IDENTITY = 0, 2


@inlined
def loss_and_gradient(
    logits: np.ndarray, label: int, variant: int, factor: float, out: np.ndarray, row: int
) -> float:
    """Write `factor` times the gradient at the logits to `out[row]`; return the cross-entropy.

    `logits` (C,) is overwritten. The softmax Jacobian times y - d is y ∘ (y - d) - y (y · (y - d)).
    """
    C = len(logits)
    top = logits[0]
    for c in range(1, C):
        top = logits[c] if logits[c] > top else top
    loss = top - logits[label]
    total = 0.0
    for c in range(C):
        logits[c] = math.exp(logits[c] - top)
        total += logits[c]
    inner = 0.0
    for c in range(C):
        logits[c] /= total  # y
        d = logits[c] - (1.0 if c == label else 0.0)
        inner += logits[c] * d
    for c in range(C):
        y = logits[c]
        d = y - (1.0 if c == label else 0.0)
        if variant != _EXACT:
            d = y * (d - inner) + (d if variant == _PLUS_IDENTITY else 0.0)
        out[row, c] = factor * d
    return loss + math.log(total)
