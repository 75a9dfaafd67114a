import math

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ResultsError
from harmodels.evaluation.statistics import (
    count_interval,
    mean_interval,
    median_band,
    paired_difference,
    share_interval,
)


@pytest.mark.parametrize(
    ("values", "level", "mean", "half_width"),
    [
        ([1.0, 2.0, 3.0], 0.95, 2.0, 4.302653 / math.sqrt(3)),  # s = 1, t(0.975, 2) = 4.302653
        ([0.0, 2.0], 0.5, 1.0, 1.0),  # s = √2, t(0.75, 1) = 1
        ([0.4], 0.95, 0.4, math.nan),
        ([], 0.95, math.nan, math.nan),
    ],
)
def test_the_interval_of_a_mean_is_the_one_of_the_textbook(values, level, mean, half_width):
    interval = mean_interval(values, level=level)
    found = (interval.mean, interval.half_width)
    assert found == pytest.approx((mean, half_width), rel=1e-6, nan_ok=True)
    assert interval.n == len(values)


@pytest.mark.parametrize(
    ("interval", "given", "message"),
    [
        (mean_interval, [[1.0, math.inf]], "cannot average inf: leave diverged"),
        (share_interval, [[0.5, 1.2]], r"1\.2 is no share .* use mean_interval"),
        (count_interval, [6, 5], "a count of 6 in 5 trials"),
    ],
)
def test_what_has_no_interval_is_refused_with_the_remedy(interval, given, message):
    with pytest.raises(ResultsError, match=message):
        interval(*given)


def test_a_paired_difference_uses_only_replicates_that_both_sides_have():
    left = pd.DataFrame({"replicate": [0, 1, 2], "value": [0.5, 0.7, 9.0]})
    right = pd.DataFrame({"replicate": [1, 0], "value": [0.4, 0.1]})
    interval = paired_difference(left, right)
    assert interval.n == 2
    assert interval.mean == pytest.approx(0.35)


def test_the_interval_of_a_share_is_students_on_the_logit_scale():
    # m = 0.8, s = 0.1, e = 0.1 / (√3 · 0.16) = 0.360844, t = 4.302653; odds 4 · exp(±1.552587)
    interval = share_interval([0.7, 0.8, 0.9])
    assert interval.low / (1 - interval.low) == pytest.approx(4 * math.exp(-1.552587), rel=1e-5)
    assert interval.high / (1 - interval.high) == pytest.approx(4 * math.exp(1.552587), rel=1e-5)


@pytest.mark.parametrize("shares", [[0.0, 0.0, 1.0], [0.875, 0.0, 0.0], [1.0, 1.0, 0.99]])
def test_the_interval_of_a_share_stays_in_its_range(shares):
    interval = share_interval(shares)
    assert 0 <= interval.low < interval.mean < interval.high <= 1
    plain = mean_interval(shares)
    assert plain.low < 0 or plain.high > 1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_equal_shares_have_an_interval_without_length_and_one_share_none(share):
    assert share_interval([share] * 3)[:3] == pytest.approx((share, share, share))
    assert math.isnan(share_interval([share]).low)
    assert math.isnan(share_interval([share]).high)


def test_the_interval_of_a_count_is_clopper_and_pearsons():
    # all of n: the lower bound is (α / 2)^(1/n)
    assert count_interval(5, 5)[1:3] == pytest.approx((0.025 ** (1 / 5), 1.0))
    assert math.isnan(count_interval(0, 0).mean)


def test_the_band_around_a_median_is_not_widened_by_an_outlier():
    calm = pd.DataFrame({"epoch": 1, "value": np.linspace(0.1, 0.2, 11)})
    wild = calm.assign(value=[*calm["value"][:-1], 1000.0])
    first, second = (median_band(each, ["epoch"]) for each in (calm, wild))
    pd.testing.assert_frame_equal(first, second)


def test_the_band_around_a_median_lies_where_replicates_lie():
    frame = pd.DataFrame({"epoch": [1, 1, 1, 2], "value": [0.0, 0.01, 0.5, 0.3]})
    band = median_band(frame, ["epoch"], share=1.0)
    assert band[["median", "low", "high", "n"]].to_numpy().tolist() == [
        [0.01, 0.0, 0.5, 3],
        [0.3, 0.3, 0.3, 1],
    ]


def test_the_bounds_of_replicates_that_agree_enclose_their_mean():
    for right in range(1, 156):
        interval = share_interval([right / 156] * 3)
        assert interval.low <= interval.mean <= interval.high, right
        assert interval.high - interval.low < 1e-12
