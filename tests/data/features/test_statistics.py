"""Each function against a library or a known answer."""

import numpy as np
import pytest
from scipy import stats

from harmodels.data.features import statistics


@pytest.fixture
def values():
    return np.random.default_rng(3).normal(size=(5, 128, 3))


def test_mean_std_max_and_min_are_numpys(values):
    computed = [statistics.FUNCTIONS[name](values) for name in ("mean", "max", "min")]
    np.testing.assert_allclose(computed, [values.mean(1), values.max(1), values.min(1)])
    np.testing.assert_allclose(statistics.FUNCTIONS["std"](values), np.std(values, axis=1, ddof=1))


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (statistics.mad, [0.0, 0.0, 0.0, 4.0], 1.5),  # of the mean, not of the median
        (statistics.FUNCTIONS["energy"], 3.0 * np.sin(2 * np.pi * 5 * np.arange(128) / 128), 4.5),
        (statistics.iqr, [1.0, 2.0, 3.0, 4.0], 2.0),  # as in MATLAB
        (statistics.entropy, np.repeat([0.0, 0.25, 0.5, 1.0], 32), 2.0),
        (
            statistics.FUNCTIONS["sma"],
            np.tile([1.0, -2.0, 3.0], (8, 1)),
            6.0,
        ),  # the sum over the axes
    ],
)
def test_values_are_those_known_by_hand(function, values, expected):
    windows = np.reshape(values, (1, len(values), -1))
    assert function(windows).item() == pytest.approx(expected)


@pytest.mark.parametrize("steps", [1, 2, 5, 64, 127, 128])
def test_iqr_and_entropy_have_the_bytes_of_scipy_s(steps):
    values = np.random.default_rng(steps).normal(size=(20, steps, 3))
    theirs = stats.iqr(values, axis=1, interpolation="hazen")
    np.testing.assert_array_equal(statistics.iqr(values), theirs)
    levels = np.floor(np.clip(values, 0, 1) * 255 + 0.5)
    counts = (levels[..., None] == np.arange(256)).sum(axis=1)
    theirs = stats.entropy(counts, base=2, axis=2)
    np.testing.assert_array_equal(statistics.entropy(values), theirs)


def test_entropy_sees_nothing_below_zero_and_above_one():
    values = np.linspace(-9.0, 0.0, 128)[None, :, None]
    both = np.concatenate([values, 1.0 - values], axis=2)
    np.testing.assert_array_equal(statistics.entropy(both), 0.0)


def test_entropy_keeps_windows_and_axes_apart(values):
    together = statistics.entropy(values)
    alone = [[statistics.entropy(values[n : n + 1, :, a : a + 1]).item() for a in range(3)]
             for n in range(5)]  # fmt: skip
    np.testing.assert_allclose(together, alone)


def test_burg_recovers_the_coefficients_of_a_long_autoregressive_process():
    rng, truth = np.random.default_rng(0), np.array([-1.5, 0.9, -0.3, 0.1])
    x = np.zeros(40_000)
    noise = rng.normal(size=len(x))
    for t in range(4, len(x)):
        x[t] = noise[t] - truth @ x[t - 4 : t][::-1]
    np.testing.assert_allclose(statistics.burg(x[None, :, None], 4)[0, :, 0], truth, atol=0.02)


def test_burg_of_order_one_is_the_ratio_of_the_textbook(values):
    x = values[0, :, 0]
    reflection = -2 * (x[1:] @ x[:-1]) / (x[1:] @ x[1:] + x[:-1] @ x[:-1])
    assert statistics.burg(values, 1)[0, 0, 0] == pytest.approx(reflection, rel=1e-12)


def test_burg_agrees_with_a_scalar_levinson_recursion(values):
    x = values[2, :, 1]
    forward, backward, a = x.copy(), x.copy(), np.array([1.0])
    for m in range(1, 5):
        top = sum(forward[t] * backward[t - 1] for t in range(m, len(x)))
        bottom = sum(forward[t] ** 2 + backward[t - 1] ** 2 for t in range(m, len(x)))
        k = -2 * top / bottom
        longer = np.append(a, 0.0)
        a = longer + k * longer[::-1]
        old = forward.copy()
        forward[1:] = old[1:] + k * backward[:-1]
        backward[1:] = backward[:-1] + k * old[1:]
    np.testing.assert_allclose(statistics.burg(values, 4)[2, :, 1], a[1:], rtol=1e-10)


def test_ar_coefficients_are_ordered_axis_by_axis(values):
    y_axis = statistics.burg(values[..., 1:2], 4)[..., 0]
    np.testing.assert_allclose(statistics.ar_coefficients(values)[:, 4:8], y_axis)


def test_correlation_is_numpys_for_each_pair_of_axes(values):
    matrix = np.corrcoef(values[1].T)
    expected = [matrix[0, 1], matrix[0, 2], matrix[1, 2]]
    np.testing.assert_allclose(statistics.correlation(values)[1], expected)


def test_correlation_with_an_axis_that_does_not_vary_is_zero(values):
    values[..., 2] = 5.0
    np.testing.assert_array_equal(statistics.correlation(values)[:, 1:], 0.0)


def test_shape_is_scipys_biased_skewness_and_pearsons_kurtosis(values):
    shape = statistics.shape(values)
    np.testing.assert_allclose(shape[:, ::2], stats.skew(values, axis=1))
    np.testing.assert_allclose(shape[:, 1::2], stats.kurtosis(values, axis=1, fisher=False))


@pytest.mark.parametrize(
    ("lines", "largest", "mean"), [({9: 2.0}, 10, 10.0), ({0: 1.0, 3: 2.0}, 4, 3.0)]
)
def test_bins_count_from_one_and_their_mean_weights_by_amplitude(lines, largest, mean):
    spectrum = np.zeros((1, 64, 1))
    spectrum[0, list(lines), 0] = list(lines.values())
    assert statistics.FUNCTIONS["maxInds"](spectrum).item() == largest
    assert statistics.mean_bin(spectrum).item() == pytest.approx(mean)


def test_bands_energy_adds_the_squares_inside_both_ends_of_each_band():
    spectrum = np.sqrt(np.arange(1.0, 65.0))[None, :, None]
    sums = [sum(range(first, last + 1)) for first, last in statistics.BANDS]
    np.testing.assert_allclose(statistics.bands_energy(spectrum)[0], sums)


def test_angle_of_orthogonal_equal_opposite_vectors_and_one_without_direction():
    left = np.array([[1.0, 0.0, 0.0]] * 4)
    right = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    expected = [np.pi / 2, 0.0, np.pi, np.pi / 2]
    np.testing.assert_allclose(statistics.angle(left, right), expected)


@pytest.mark.parametrize("name", statistics.FUNCTIONS)
def test_a_signal_of_zeros_gives_zeros(name):
    features = statistics.FUNCTIONS[name](np.zeros((2, 64, 3)))
    expected = 1.0 if name == "maxInds" else 0.0  # the first of equal bins
    np.testing.assert_array_equal(features, expected)
