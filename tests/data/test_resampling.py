import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.resampling import rate_of, resample, split_gaps


def _signal(times):
    """Two channels below 3 Hz on a constant."""
    return np.column_stack([1 + np.sin(2 * np.pi * 1.5 * times), np.cos(2 * np.pi * 2.5 * times)])


@pytest.mark.parametrize("recorded_hz", [20.0, 32.0, 49.9, 50.0, 100.0, 200.0])
def test_a_slow_signal_keeps_its_course_at_any_rate(recorded_hz):
    times = 7.0 + np.arange(round(20 * recorded_hz)) / recorded_hz
    even, values = resample(times, _signal(times), 50.0)
    np.testing.assert_allclose(np.diff(even), 0.02, rtol=1e-9)
    assert even[0] == 7.0
    assert abs(even[-1] - times[-1]) <= max(1 / recorded_hz, 0.02) + 1e-3
    inner = slice(50, -50)
    np.testing.assert_allclose(values[inner], _signal(even)[inner], atol=0.03)


def test_what_is_too_fast_for_the_rate_is_filtered_out():
    times = np.arange(4000) / 200
    fast = np.sin(2 * np.pi * 40 * times)[:, None]  # 10 Hz, were it only thinned out
    assert np.abs(resample(times, fast, 50.0)[1][25:-25]).max() < 0.01


def test_the_same_rate_changes_nothing():
    times = np.arange(300) / 50
    np.testing.assert_allclose(resample(times, _signal(times), 50.0)[1], _signal(times), atol=1e-9)


def test_jitter_and_a_missing_sample_are_evened_out():
    random = np.random.default_rng(0)
    times = np.arange(1000) / 50 + random.uniform(-2e-3, 2e-3, 1000)
    keep = np.arange(1000) != 400
    even, values = resample(times[keep], _signal(times[keep]), 50.0)
    np.testing.assert_allclose(values[50:-50], _signal(even)[50:-50], atol=0.06)


@pytest.mark.parametrize(
    ("times", "message"), [([0.0], "one sample"), ([0.0, 0.001, 0.002], "1000 Hz cannot be")]
)
def test_what_has_no_usable_rate_is_refused(times, message):
    with pytest.raises(ValueError, match=message):
        resample(np.array(times), np.ones((len(times), 1)), 10.0)


def test_the_rate_is_found_beside_missing_samples():
    assert rate_of(np.array([0, 0.1, 0.2, 0.4, 0.5])) == pytest.approx(10)


@given(st.lists(st.floats(-1, 3), max_size=30), st.floats(0.1, 2))
def test_parts_cover_all_rows_and_rise_without_a_gap(pauses, gap):
    times = np.cumsum([0.0, *pauses])
    parts = list(split_gaps(times, gap))
    assert [row for part in parts for row in range(part.start, part.stop)] == [*range(len(times))]
    for part in parts:
        inner = np.diff(times[part])
        assert ((inner > 0) & (inner <= gap)).all()
