"""The output layer of an Elman classifier: sigmoids and the full binary cross-entropy.

Its input is a row [h | 0 | 1 | 0 | 0] of z; its weights are `Packed.output`.
"""

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.sigmoids import Sums, add_class, losses
from harmodels.kernels.simd.elementary import dot


@inlined
def set_output(z: np.ndarray, t: int, hidden: int, channels: int) -> None:
    """Complete z[t] behind the state as the output layer reads it: one 1 and zeros."""
    for d in range(channels + 2):
        z[t, hidden + d] = 0
    z[t, hidden + channels] = 1


@inlined
def loss_and_gradient(
    output: np.ndarray, z: np.ndarray, t: int, label: int, weight: float, d_logits: np.ndarray
) -> tuple[float, float]:
    """Write y - d to `d_logits`; return binary cross-entropy and negative log-likelihood.

    All three are multiplied by the sequence's `weight`.
    """
    sums = Sums(0.0, 0.0, 1.0)
    for c in range(len(output)):
        sums, error = add_class(sums, dot(output, c, z, t), c, label)
        d_logits[c] = weight * error
    cross_entropy, likelihood = losses(sums)
    return weight * cross_entropy, weight * likelihood
