import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.reading.clock import PaceFinder
from harmodels.data.resampling import RegularGrid, rate_of, resample, split_gaps


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


def test_rates_too_far_apart_are_refused_whatever_the_samples_say():
    with pytest.raises(ValueError, match="1000 Hz cannot be resampled to 10 Hz"):
        RegularGrid(10.0, 1000.0)


def test_a_short_part_does_not_decide_about_its_rate():
    times = np.array([0.0, 0.16, 0.18])  # of a recording at 50 Hz
    even, values = resample(times, times[:, None], 50.0, recorded_hz=50.0)
    np.testing.assert_allclose(even, np.arange(10) / 50)
    np.testing.assert_allclose(values[:, 0], even, atol=1e-12)


def test_one_sample_is_no_grid():
    grid = RegularGrid(50.0, 50.0)
    assert not len(grid.push(np.zeros(1), np.zeros((1, 3))))
    assert not len(grid.finish())


@pytest.mark.parametrize("recorded_hz", [20, 31.25, 49.9, 50, 52, 100, 102.4])
def test_the_pace_of_an_even_recording_changes_no_sample(recorded_hz):
    times = np.round(np.arange(3000) / recorded_hz, 3)  # as stamps in ms have it
    values = np.random.default_rng(0).normal(size=(3000, 2))
    finder = PaceFinder()
    finder.push(times)
    learnt = resample(times, values, 50.0)[1]
    streamed = resample(times, values, 50.0, finder.pace().rate_hz)[1]
    np.testing.assert_array_equal(streamed, learnt)


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
