import numpy as np
from numba import njit

from harmodels.kernels.simd.elementary import clipped, tanh


@njit
def tanh_of(x):
    return np.array([tanh(value) for value in x], np.float32)


@njit
def clipped_of(x, bound):
    return np.array([clipped(value, bound) for value in x], np.float32)


def test_tanh_is_within_five_units_in_the_last_place_everywhere():
    exponents = np.geomspace(1e-30, 12, 400_001)
    x = np.concatenate([-exponents, exponents]).astype(np.float32)
    exact = np.tanh(x.astype(np.float64))
    error = np.abs(tanh_of(x) - exact) / np.spacing(np.abs(exact).astype(np.float32))
    assert error.max() < 5  # seen: 4.2, near 0.03


def test_tanh_never_leaves_the_unit_interval_and_is_exactly_zero_at_zero():
    x = np.array([-np.inf, -1e30, -7.9, 0, 7.9, 1e30, np.inf], np.float32)
    assert np.abs(tanh_of(x)).max() <= 1
    assert tanh_of(x)[3] == 0


def test_nan_passes_through_tanh_and_clipping():
    nan = np.array([np.nan], np.float32)
    assert np.isnan(tanh_of(nan)[0])
    assert np.isnan(clipped_of(nan, np.float32(1))[0])


def test_clipping_limits_both_sides():
    x = np.array([-np.inf, -2, -0.5, 0.5, 2, np.inf], np.float32)
    np.testing.assert_array_equal(clipped_of(x, np.float32(1)), [-1, -1, -0.5, 0.5, 1, 1])
