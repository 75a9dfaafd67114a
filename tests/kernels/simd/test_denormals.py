from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals

SMALL = np.float32(1e-30)


@njit(nogil=True)
def product(x, y):
    return np.float32(x * y)


@njit(nogil=True)
def flushed_product(x, y):
    state = flush_denormals()
    result = np.float32(x * y)
    restore_denormals(state)
    return result


@njit(nogil=True)
def products_before_inside_after(x, y, out):
    out[0] = x[0] * y[0]
    state = flush_denormals()
    out[1] = x[1] * y[1]
    restore_denormals(state)
    out[2] = x[2] * y[2]


def denormal_pair():
    return SMALL, np.float32(1e-10)


def test_a_denormal_product_is_zero_while_flushed():
    assert flushed_product(*denormal_pair()) == 0


def test_a_denormal_product_is_denormal_before_and_after():
    flushed_product(*denormal_pair())
    assert 0 < product(*denormal_pair()) < np.finfo(np.float32).tiny


def test_a_denormal_operand_counts_as_zero_while_flushed():
    denormal = np.float32(1e-40)
    assert product(denormal, np.float32(1e10)) > 0
    assert flushed_product(denormal, np.float32(1e10)) == 0


def test_the_setting_holds_exactly_between_the_two_calls():
    x, y = np.full(3, SMALL), np.full(3, 1e-10, np.float32)
    out = np.full(3, -1, np.float32)
    products_before_inside_after(x, y, out)
    assert out[0] > 0
    assert out[1] == 0
    assert out[2] > 0


@pytest.mark.parametrize("function", [flushed_product, product])
def test_worker_threads_flush_on_their_own(function):
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: function(*denormal_pair()), range(8)))
    expected = function(*denormal_pair())
    assert results == [expected] * 8
    assert (expected == 0) == (function is flushed_product)
