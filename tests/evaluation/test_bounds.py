import platform
import re

import numpy as np
import pandas as pd
import pytest

from benchmarks import bounds
from benchmarks.bounds import Meter, Work
from benchmarks.cases import CASES, GROUP
from harmodels.kernels.simd.emitter import LANES, WIDE


def test_the_rate_of_multiply_adds_is_of_as_many_as_it_counts():
    array = np.ones((2 + bounds.SUMS, LANES), np.float32)
    array[0], array[1] = 2, 3  # each turn: 2 · sum + 3
    array[2:] += np.arange(bounds.SUMS)[:, None]
    expected = array[2:] * 2**5 + 3 * (2**5 - 1)
    bounds.multiply_add(array, 5)
    np.testing.assert_array_equal(array[2:], expected)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names x86-64's registers")
def test_the_multiply_adds_stay_in_the_widest_registers():
    bounds.multiply_add(np.zeros((2 + bounds.SUMS, LANES), np.float32), 1)
    (code,) = bounds.multiply_add.inspect_asm().values()
    fused = re.findall(r"\tvfmadd\w+ps\t(.*)", code)
    register = re.compile(rf"%{'z' if WIDE else 'y'}mm\d+(, )?")
    assert len(fused) >= bounds.SUMS
    assert {register.sub("", operands) for operands in fused} == {""}


@pytest.mark.parametrize("turns", [1, 3])
def test_the_rate_of_reading_is_of_all_of_an_array_each_time(turns):
    array = np.arange(turns * bounds.READS * LANES, dtype=np.float32).reshape(-1, LANES)
    sums = np.zeros((bounds.READS, LANES), np.float32)
    bounds.read(array, 4, sums)
    np.testing.assert_array_equal(sums, 4 * array.reshape(turns, bounds.READS, LANES).sum(0))


def metered(products, reads):
    """Return a meter at 100 and 90 GFLOP/s and 40 GB/s."""
    work = Work(updates=2, products=products, weights=1000, reads=reads)
    return Meter(work, multiply_adds=[90.0, 100.0], products=[80.0, 80.0], reads=[40.0, 30.0])


def test_a_share_is_of_the_multiply_adds_where_they_take_longer_than_the_reads():
    shares = metered(products=5e6, reads=500).shares(np.array([4e-4, 4e-4]))  # 100 and 50 µs
    assert shares["bound_by"] == "multiply-adds"
    assert shares["of_bound"] == pytest.approx(0.25)
    assert shares["gigaflops"] == pytest.approx(25)
    assert shares["of_product"] == pytest.approx(25 / 80)


def test_a_share_is_of_the_reads_where_they_take_longer_than_the_multiply_adds():
    shares = metered(products=5e6, reads=2000).shares(np.array([4e-4, 4e-4]))  # 100 and 200 µs
    assert shares["bound_by"] == "reads"
    assert shares["of_bound"] == pytest.approx(0.5)


def test_a_share_above_its_bound_ends_the_benchmark():
    row = {"title": "a case", "contender": "a loop", "of_bound": 1 + bounds.NOISE}
    bounds.check_bounds(pd.DataFrame([row]))
    above = row | {"of_bound": 1.01 + bounds.NOISE}
    with pytest.raises(SystemExit, match="a case: a loop reaches 111% of its bound"):
        bounds.check_bounds(pd.DataFrame([row, above]))


def test_the_least_work_of_truncated_bptt_is_that_of_its_windows():
    # 128 steps in 13 windows, each reads 50 units, 3 channels and 2 biases; 6 classes
    forward = gradient = 128 * 50 * 55
    work = CASES["tbptt-hidden50-window10"]().work
    assert work.products == forward + gradient + (128 - 13) * 50 * 50 + 13 * 3 * 6 * 50
    assert work.weights * work.reads == pytest.approx(forward + 13 * 50 * 55 + (128 - 13) * 50 * 50)


def test_the_least_work_of_single_samples_leaves_out_the_units_at_zero():
    first, second, third = 561 * 300, 300 * 100, 100 * 6
    work = CASES["mlp-batch1-momentum0"]().work
    assert work.products == 1.5 * first + (1 / 2 + 1 / 4 + 1 / 4) * second + 3 / 2 * third
    with_momentum = CASES["mlp-batch1-momentum0.09"]().work
    assert with_momentum.products == work.products + first
    assert with_momentum.reads == 2 * work.reads == 4 / GROUP
    assert CASES["mlp-batch50-momentum0"]().work.products == 50 * (2 * first + 3 * (second + third))
