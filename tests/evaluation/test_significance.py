import math

import numpy as np
import pytest
from scipy import stats

from harmodels.evaluation.significance import (
    adjust,
    effect_size,
    mean_p_value,
    replicates_to_decide,
    share_p_value,
)
from harmodels.evaluation.statistics import mean_interval, share_interval


def test_the_p_value_of_a_mean_is_that_of_the_t_test():
    values = [0.3, 0.1, 0.25, 0.4]
    assert mean_p_value(values, 0.1) == pytest.approx(stats.ttest_1samp(values, 0.1).pvalue)


@pytest.mark.parametrize(
    ("p_value", "interval", "values"),
    [
        (mean_p_value, mean_interval, [0.3, 0.1, 0.25, 0.4]),
        (share_p_value, share_interval, [0.75, 1.0, 0.5, 0.75, 1.0]),
    ],
)
def test_a_threshold_on_the_bound_has_the_p_value_of_the_level(p_value, interval, values):
    for level in (0.8, 0.95):
        bound = interval(values, level).low
        assert p_value(values, bound) == pytest.approx(1 - level)


@pytest.mark.parametrize("p_value", [mean_p_value, share_p_value])
def test_one_replicate_has_no_p_value(p_value):
    assert math.isnan(p_value([0.4]))


def test_values_without_spread_decide_at_any_level():
    assert mean_p_value([0.25, 0.25], 0.0) == 0.0
    assert share_p_value([1.0, 1.0, 1.0]) == 0.0


def test_the_effect_size_is_the_distance_in_standard_deviations():
    assert effect_size([1.0, 2.0, 3.0], 4.0) == pytest.approx(-2.0)


@pytest.mark.parametrize(("values", "effect"), [([1.0, 1.0], math.inf), ([0.0, 0.0], 0.0)])
def test_the_effect_size_without_spread_is_infinite_or_none(values, effect):
    assert effect_size(values) == effect


def test_holm_multiplies_by_the_number_of_claims_left_and_never_reverses_the_order():
    # sorted 0.01, 0.02, 0.03, 0.2 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.2
    assert adjust([0.03, 0.01, 0.2, 0.02]) == pytest.approx([0.06, 0.04, 0.2, 0.06])


def test_a_claim_that_was_not_tested_does_not_count():
    assert adjust([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert np.isnan(adjust([math.nan])).all()
    assert adjust([]).tolist() == []


@pytest.mark.parametrize("effect", [0.3, -0.8, 1.5, 4.0])
def test_the_number_of_replicates_is_the_first_that_reaches_the_power(effect):
    from statsmodels.stats.power import TTestPower

    n = replicates_to_decide(effect)
    power = [TTestPower().power(abs(effect), each, 0.05) for each in (n, max(n - 1, 2))]
    assert power[0] >= 0.8 > power[1]


def test_simulated_claims_are_decided_as_often_as_promised():
    n = replicates_to_decide(0.9)
    values = np.random.default_rng(2).normal(0.9, 1.0, (2000, n))
    decided = (stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05).mean()
    assert 0.77 < decided < 0.87


def test_a_stricter_level_needs_more_replicates():
    alone, among_fifty = replicates_to_decide(1.0), replicates_to_decide(1.0, 1 - 0.05 / 50)
    assert alone < among_fifty


@pytest.mark.parametrize(
    ("effect", "number"), [(math.inf, 2), (-math.inf, 2), (1e9, 2), (0.0, None), (math.nan, None)]
)
def test_extreme_effects_have_an_answer(effect, number):
    assert replicates_to_decide(effect) == number
