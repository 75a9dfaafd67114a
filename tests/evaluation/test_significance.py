import math

import numpy as np
import pytest
from scipy import stats

from harmodels.evaluation.significance import (
    adjust,
    best_rival_p_value,
    detectable_effect,
    effect_size,
    mean_p_value,
    share_p_value,
    sign_flip_p_value,
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


@pytest.mark.parametrize("n", [2, 3, 7, 12])
def test_the_sign_flip_test_counts_every_way_to_turn_the_signs(n):
    values = np.random.default_rng(n).normal(0.5, 1, n)
    found = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=1e9)
    assert sign_flip_p_value(values) == pytest.approx(found.pvalue)


def test_sign_flips_of_many_values_agree_with_drawn_ones():
    values = np.random.default_rng(0).normal(0.3, 1, 22)
    drawn = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=20_000, random_state=1
    )
    assert sign_flip_p_value(values) == pytest.approx(drawn.pvalue, rel=0.1)


def test_equal_values_have_the_smallest_p_value_of_their_number():
    assert sign_flip_p_value([0.25] * 8) == 2 / 2**8
    assert sign_flip_p_value([0.1 + 0.2, 0.3], 0.3) == 1
    assert math.isnan(sign_flip_p_value([0.1] * 41))


def test_the_spread_of_rounded_values_has_a_floor():
    assert mean_p_value([3 / 48] * 3, resolution=1 / 48) > 0.001
    spread = 1 / 48 / math.sqrt(12)
    assert effect_size([3 / 48] * 3, resolution=1 / 48) == pytest.approx(3 / 48 / spread)
    assert math.isnan(effect_size([3 / 48] * 3))


def test_the_largest_lead_of_equal_rivals_is_significant_as_often_as_it_says():
    rng = np.random.default_rng(1)
    for R in (5, 12):
        shared = rng.normal(size=(120, R, 1))  # the winner, whom all rivals are compared with
        leads = rng.normal(size=(120, R, 8)) - shared
        small = sum(best_rival_p_value(each) <= 0.2 for each in leads)
        assert small <= 120 * 0.1 + 10, R  # half of 0.2, for leads on one side


def test_one_rival_is_compared_as_any_two_are():
    lead = np.random.default_rng(2).normal(0.8, 1, (15, 1))
    found = best_rival_p_value(lead)
    assert found == pytest.approx(
        max(mean_p_value(lead[:, 0]), sign_flip_p_value(lead[:, 0])), rel=0.1
    )


def test_the_effect_size_is_the_distance_in_standard_deviations():
    assert effect_size([1.0, 2.0, 3.0], 4.0) == pytest.approx(-2.0)


def test_the_bound_counts_one_tail_of_every_claim():
    assert adjust([0.03, 0.001, 0.9], tests=10) == pytest.approx([0.15, 0.005, 1.0])
    assert adjust([0.03, math.nan], tests=1) == pytest.approx([0.03, math.nan], nan_ok=True)


@pytest.mark.parametrize(("tests", "tail"), [(1, 0.025), (60, 0.05 / 60)])
@pytest.mark.parametrize("n", [5, 22])
def test_the_detectable_effect_is_decided_as_often_as_promised(n, tests, tail):
    effect = detectable_effect(1 / math.sqrt(n), n - 1, tests=tests)
    studies = np.random.default_rng(n).normal(effect, 1.0, (20_000, n))
    rightly = stats.ttest_1samp(studies, 0, axis=1, alternative="greater").pvalue <= tail
    assert rightly.mean() == pytest.approx(0.8, abs=0.015)


def test_a_claim_without_error_has_no_detectable_effect():
    assert math.isnan(detectable_effect(math.nan, 0.0))
