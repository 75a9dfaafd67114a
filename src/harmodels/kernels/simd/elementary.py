"""Elementary functions that a vector unit can do: no calls, no branches."""

import numpy as np

from harmodels.kernels.compiling import inlined

# An odd polynomial over an even one, fitted to tanh on |x| <= 7.905, where float32 tanh is 1:
# Eigen's `ptanh` (Eigen/src/Core/MathFunctionsImpl.h), also in XLA and ONNX Runtime.
_BOUND = np.float32(7.90531110763549805)
_A1, _A3, _A5, _A7, _A9, _A11, _A13 = (
    np.float32(a)
    for a in (
        4.89352455891786e-03,
        6.37261928875436e-04,
        1.48572235717979e-05,
        5.12229709037114e-08,
        -8.60467152213735e-11,
        2.00018790482477e-13,
        -2.76076847742355e-16,
    )
)
_B0, _B2, _B4, _B6 = (
    np.float32(b)
    for b in (
        4.89352518554385e-03,
        2.26843463243900e-03,
        1.18534705686654e-04,
        1.19825839466702e-06,
    )
)

# The same for code that works on vectors: coefficients from the highest power of x² down.
TANH_BOUND = _BOUND
TANH_ODD = (_A13, _A11, _A9, _A7, _A5, _A3, _A1)
TANH_EVEN = (_B6, _B4, _B2, _B0)


@inlined
def tanh(x: np.float32) -> np.float32:
    """Return float32 tanh, within 5 units in the last place; NaN gives NaN."""
    x = _BOUND if x > _BOUND else x
    x = -_BOUND if x < -_BOUND else x
    u = x * x
    odd = (((((_A13 * u + _A11) * u + _A9) * u + _A7) * u + _A5) * u + _A3) * u + _A1
    even = ((_B6 * u + _B4) * u + _B2) * u + _B0
    return x * odd / even


@inlined
def clipped(x: np.float32, bound: np.float32) -> np.float32:
    """Limit `x` to [-bound, bound]; NaN gives NaN."""
    x = bound if x > bound else x
    return -bound if x < -bound else x


@inlined
def dot(a: np.ndarray, i: int, b: np.ndarray, k: int) -> np.float32:
    """Return a[i] · b[k]."""
    total = np.float32(0)
    for j in range(a.shape[1]):
        total += a[i, j] * b[k, j]
    return total
