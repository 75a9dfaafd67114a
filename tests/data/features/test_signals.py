"""Filters, differences and spectra on recordings with known answers."""

import numpy as np
import pytest

from harmodels.data.features import signals


def tone(hertz, samples=1000):
    return np.sin(2 * np.pi * hertz * np.arange(samples) / 50)[:, None]


@pytest.mark.parametrize(("hertz", "gain"), [(1.0, 1.0), (20.0, np.sqrt(0.5)), (24.5, 0.0)])
def test_low_pass_halves_the_power_at_its_cutoff(hertz, gain):
    passed = signals._low_pass(tone(hertz), signals.NOISE_CUTOFF_HZ)[200:]
    assert np.sqrt(2) * passed.std() == pytest.approx(gain, abs=0.02)


def test_median_filter_removes_a_lone_spike():
    values = np.zeros((128, 1))
    values[60] = 9.0
    np.testing.assert_array_equal(signals.reduce_noise(values), 0.0)


def test_noise_filter_treats_channels_alike_and_apart(walk):
    together = signals.reduce_noise(walk.values)
    np.testing.assert_allclose(together[:, 2:3], signals.reduce_noise(walk.values[:, 2:3]))


def test_constant_acceleration_is_all_gravity_and_fast_motion_none():
    total = np.tile([0.6, 0.0, -0.8], (200, 1))
    np.testing.assert_allclose(signals.split_gravity(total), total, atol=1e-12)
    assert np.abs(signals.split_gravity(tone(5.0))[500:]).max() < 1e-3


def printed_windows():
    """Total acceleration, exact gravity and gravity as printed, in the middle of a recording."""
    rng = np.random.default_rng(2)
    total = 0.2 * np.cumsum(rng.normal(size=(1000, 3)), axis=0) / 30 + [1.0, 0.0, 0.0]
    gravity = signals.split_gravity(total)
    part = slice(400, 528)
    return total[None, part], gravity[None, part], np.round(gravity[None, part], 6)


def test_restored_gravity_has_lost_the_rounding_of_the_text():
    total, exact, printed = printed_windows()
    restored = signals.restore_gravity(total, printed)
    third = np.diff(restored - exact, n=3, axis=1)
    assert np.abs(third).max() < 1e-4 * np.abs(np.diff(printed - exact, n=3, axis=1)).max()


def test_gravity_from_another_filter_is_left_alone():
    total, exact, _ = printed_windows()
    other = exact + 1e-3 * np.sin(np.arange(128))[:, None]
    np.testing.assert_array_equal(signals.restore_gravity(total, other), other)


def overlapping():
    """Two windows of one recording, then one of another: (3, 128, 2)."""
    recording = np.random.default_rng(1).normal(size=(192, 2))
    return np.stack([recording[:128], recording[64:], recording[::-1][:128]])


def test_the_sample_after_a_window_is_that_of_the_next_one_if_there_is_one():
    windows = overlapping()
    following = signals.following_samples(windows)
    np.testing.assert_array_equal(following[0], windows[1, 64])
    assert np.isnan(following[1:]).all()


def test_jerk_is_the_forward_difference_and_ends_with_the_following_sample():
    ramp = np.arange(128.0)[None, :, None] ** 2
    expected = 2 * np.arange(128.0) + 1
    jerk = signals.jerk(ramp, following=np.array([[128.0**2]]))
    np.testing.assert_allclose(jerk[0, :, 0], expected)


def test_jerk_predicts_only_the_following_samples_that_are_unknown():
    windows = overlapping()
    jerk = signals.jerk(windows, signals.following_samples(windows))
    predicted = signals.jerk(windows, np.full((3, 2), np.nan))
    assert (jerk[0, -1] == windows[1, 64] - windows[0, 127]).all()
    np.testing.assert_array_equal(jerk[1:], predicted[1:])


def test_prediction_continues_a_band_limited_signal():
    recording = (tone(1.3) + 0.5 * tone(3.7) + 0.2 * tone(7.1))[:, 0]
    starts = np.arange(0, 800, 50)
    windows = recording[starts[:, None] + np.arange(128)][..., None]
    steps = recording[starts + 128] - windows[:, -1, 0]
    error = signals.predict_next(windows)[:, 0] - recording[starts + 128]
    assert np.square(error).sum() < 0.01 * np.square(steps).sum()


def test_a_signal_at_rest_is_predicted_to_stay():
    np.testing.assert_array_equal(signals.predict_next(np.full((1, 128, 1), 0.3)), 0.3)


def test_amplitude_of_a_sine_stands_in_its_bin_and_that_of_the_mean_is_left_out():
    sine = 5 + 0.7 * np.sin(2 * np.pi * 6 * np.arange(128) / 128)[None, :, None]
    expected = np.zeros(64)
    expected[5] = 0.7
    np.testing.assert_allclose(signals.amplitudes(sine)[0, :, 0], expected, atol=1e-12)


def test_gravity_magnitude_is_the_body_magnitude_as_in_the_data_set():
    body, total = np.full((1, 128, 3), 0.5), np.ones((1, 128, 3))
    unknown = np.full((1, 3), np.nan)
    derived = signals.derive_signals(total, body, body, unknown, unknown)
    np.testing.assert_array_equal(derived["tGravityAccMag"], derived["tBodyAccMag"])
