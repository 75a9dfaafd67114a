import math

import numpy as np
import pytest

from harmodels.evaluation.curves import MEDIAN_OF, SLOPE_OF, final_slope, residual_roughness


def test_a_curve_that_only_falls_is_not_rough_however_steep_it_is():
    assert residual_roughness(np.exp(-np.arange(50.0))) == 0.0


def test_a_short_disturbance_is_rough_and_a_step_to_another_level_is_not():
    spike, step = np.zeros(50), np.zeros(50)
    spike[20:22], step[20:] = 1.0, 1.0
    assert residual_roughness(spike) == pytest.approx(math.sqrt(2 / 50))
    assert residual_roughness(step) == 0.0


def test_roughness_is_that_of_the_noise_beside_a_trend():
    noise = np.random.default_rng(3).normal(0, 0.01, 2000)
    trend = np.linspace(5, 0, 2000)
    # a median of nine takes some of the noise with it
    assert 0.009 < residual_roughness(trend + noise) < 0.0125


def test_a_disturbance_of_more_than_half_the_median_is_a_level_of_its_own():
    losses = np.zeros(50)
    losses[20 : 20 + MEDIAN_OF] = 1.0
    assert residual_roughness(losses) == 0.0


def test_the_slope_is_of_the_last_epochs_only():
    losses = np.concatenate([np.full(40, 7.0), np.arange(SLOPE_OF) * -0.25])
    assert final_slope(losses) == pytest.approx(-0.25)
    assert final_slope(losses[:45]) != pytest.approx(-0.25)
    assert final_slope([2.0, 1.0]) == pytest.approx(-1.0)


def test_too_short_curves_have_neither():
    assert math.isnan(residual_roughness([1.0, 2.0]))
    assert math.isnan(final_slope([1.0]))
