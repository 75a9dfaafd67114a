import math

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ResultsError
from harmodels.evaluation.statistics import mean_band, mean_interval, paired_difference


def test_the_interval_of_three_values_is_the_one_of_the_textbook():
    # mean 2, s = 1, t(0.975, 2) = 4.302653, half width 4.302653 / √3
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval.mean == 2.0
    assert interval.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert interval.n == 3


def test_a_lower_level_gives_a_narrower_interval():
    # t(0.75, 1) = 1, s = √2 → half width 1
    assert mean_interval([0.0, 2.0], level=0.5).half_width == pytest.approx(1.0)


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.4])
    assert (interval.mean, interval.n) == (0.4, 1)
    assert math.isnan(interval.half_width)


def test_no_value_has_neither():
    interval = mean_interval([])
    assert interval.n == 0
    assert math.isnan(interval.mean)


def test_an_infinite_value_is_refused_and_the_remedy_named():
    with pytest.raises(ResultsError, match="cannot average inf: leave diverged"):
        mean_interval([1.0, math.inf])


def test_a_paired_difference_uses_only_replicates_that_both_sides_have():
    left = pd.DataFrame({"replicate": [0, 1, 2], "value": [0.5, 0.7, 9.0]})
    right = pd.DataFrame({"replicate": [1, 0], "value": [0.4, 0.1]})
    interval = paired_difference(left, right)
    assert interval.n == 2
    assert interval.mean == pytest.approx(0.35)


def test_a_band_is_the_interval_of_every_group():
    frame = pd.DataFrame({"epoch": [1, 1, 1, 2], "value": [1.0, 2.0, 3.0, 5.0]})
    band = mean_band(frame, ["epoch"])
    expected = mean_interval([1.0, 2.0, 3.0])
    assert band.loc[0, ["mean", "low", "high", "n"]].tolist() == pytest.approx(list(expected))
    assert band.loc[1, "mean"] == 5.0
    assert np.isnan(band.loc[1, "low"])
