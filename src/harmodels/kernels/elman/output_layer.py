"""The output layer of an Elman classifier: sigmoids and the full binary cross-entropy.

Its input is a row [h | 0 | 1 | 0 | 0] of z; its weights are `Packed.output`.
"""

import math

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.elementary import dot


@inlined
def set_output(z: np.ndarray, t: int, hidden: int, channels: int) -> None:
    """Complete z[t] behind the state as the output layer reads it: one 1 and zeros."""
    for d in range(channels + 2):
        z[t, hidden + d] = 0
    z[t, hidden + channels] = 1


@inlined
def loss_and_gradient(
    output: np.ndarray, z: np.ndarray, t: int, label: int, d_logits: np.ndarray
) -> tuple[float, float]:
    """Write y - d to `d_logits`; return binary cross-entropy and negative log-likelihood.

    softplus(v) is max(v, 0) + log(1 + exp(-|v|)), and the sum of the logarithms over the classes
    is the logarithm of a product, which 1000 factors of at most 2 cannot overflow.
    """
    cross_entropy, likelihood, product = 0.0, 0.0, 1.0
    for c in range(len(output)):
        v = np.float64(dot(output, c, z, t))
        e = math.exp(-abs(v))
        y = (1.0 if v >= 0 else e) / (1 + e)
        product *= 1 + e
        if c % 1000 == 999:
            cross_entropy += math.log(product)
            product = 1.0
        cross_entropy += v if v > 0 else 0.0
        if c == label:
            cross_entropy -= v
            likelihood = math.log(1 + e) - (v if v < 0 else 0.0)
            y -= 1
        d_logits[c] = y
    return cross_entropy + math.log(product), likelihood
