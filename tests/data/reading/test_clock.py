"""The pace of a recording, and the clock that mends it, over clocks of every kind."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmodels.data.reading import order
from harmodels.data.reading.clock import Clock, Pace, PaceFinder, Times
from harmodels.data.reading.times import SECONDS
from harmodels.errors import DataError

HZ = 50.0
COUNT = 1800
TIMES = np.arange(COUNT) / HZ
VALUES = np.random.default_rng(0).normal(size=(COUNT, 3))


def find(times, values=None, form="s", size=777):
    """Return the pace of times that come in chunks of a size."""
    finder = PaceFinder(form)
    for start in range(0, len(times), size):
        rows = slice(start, start + size)
        finder.push(times[rows], None if values is None else values[rows])
    return finder.pace()


def mend(pace, times, values, size=777):
    """Return sessions (n,), times and values of a clock, and the clock."""
    clock = Clock(pace)
    parts = []
    for start in range(0, len(times), size):
        parts += clock.push(times[start : start + size], values[start : start + size])
    parts += clock.finish()
    sessions = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
    return (
        sessions,
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        clock,
    )


def packets(size, period, pause):
    """Return times of packets of samples, each a pause after the one before it."""
    rows = np.arange(COUNT)
    return rows // size * period + rows % size * pause


@pytest.mark.parametrize(
    ("times", "rate", "packet"),
    [
        pytest.param(TIMES, HZ, 1, id="even"),
        pytest.param(packets(3, 0.06, 0.0), HZ, 3, id="three share a stamp"),
        pytest.param(packets(5, 0.1, 0.001), HZ, 5, id="bursts of five"),
        pytest.param(packets(10, 0.2, 0.0005), HZ, 10, id="bursts of ten"),
        pytest.param(packets(25, 0.5, 0.001), HZ, 25, id="bursts of twenty-five"),
        pytest.param(np.floor(TIMES), HZ, 50, id="whole seconds"),
        pytest.param(np.floor(TIMES + 0.54), HZ, 50, id="whole seconds, begun within one"),
        pytest.param(np.floor(np.arange(20_000) / HZ / 60) * 60, HZ, 3000, id="whole minutes"),
        pytest.param(np.arange(COUNT) / 80, 80, 1, id="80 Hz"),
        pytest.param(np.round(np.arange(COUNT) / 80, 3), 80, 1, id="80 Hz in whole ms"),
        pytest.param(np.round(np.arange(COUNT) / 80, 2), 80, 1, id="80 Hz in 10 ms"),
        pytest.param(np.round(np.arange(COUNT) / 128, 2), 128, 1, id="128 Hz in 10 ms"),
        pytest.param(np.round(np.arange(COUNT) / 3000, 3), 3000, 3, id="3000 Hz in whole ms"),
        pytest.param(
            TIMES + np.random.default_rng(1).uniform(-0.008, 0.008, COUNT), HZ, 1, id="jitter"
        ),
        pytest.param(
            np.delete(TIMES, np.random.default_rng(1).integers(1, COUNT, 100)), HZ, 1, id="missing"
        ),
        pytest.param(np.where(TIMES < 18, TIMES, TIMES + 0.14), HZ, 1, id="a pause of 160 ms"),
        pytest.param(np.where(TIMES < 18, TIMES, TIMES + 7200), HZ, 1, id="a pause of hours"),
        pytest.param(np.where(TIMES < 18, TIMES, TIMES - 18), HZ, 1, id="a restart"),
        pytest.param(TIMES[:3], HZ, 1, id="three samples"),
    ],
)
def test_rate_and_packets_are_those_of_the_sensor(times, rate, packet):
    pace = find(times)
    assert pace.rate_hz == pytest.approx(rate, rel=2e-3)
    assert pace.packet == packet


@pytest.mark.parametrize(
    "times",
    [packets(3, 0.06, 0.0), packets(5, 0.1, 0.001), packets(25, 0.5, 0.001), np.floor(TIMES)],
    ids=["three share a stamp", "bursts of five", "bursts of twenty-five", "whole seconds"],
)
def test_packets_are_spread_evenly_and_said(times):
    pace = find(times)
    sessions, mended, values, _ = mend(pace, times, VALUES)
    np.testing.assert_allclose(mended, TIMES, atol=2e-3)
    np.testing.assert_array_equal(values, VALUES)
    assert not sessions.any()
    (note,) = pace.notes
    assert f"samples come {pace.packet} at once" in note


def test_a_recording_that_begins_within_a_packet_keeps_its_interval():
    times = np.floor(TIMES + 0.54)
    _, mended, _, _ = mend(find(times), times, VALUES)
    np.testing.assert_allclose(np.diff(mended), 1 / HZ, atol=1e-9)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (18.0, "back by 18.0 s at 0:18"),
        (0.1, "back by 100 ms at 0:18"),
        (0.505, "back by 505 ms at 0:18"),
        (3600.0, "back by 60.0 min at 0:18"),
        (2.0**32 / 1000, "back by 49.7 days at 0:18"),
        (-86_400.0 * 40, "ahead by 40.0 days at 0:1"),
    ],
)
def test_a_clock_that_is_set_begins_a_session_that_goes_on(step, said):
    times = np.where(TIMES < 18, TIMES, TIMES - step)
    pace = find(times)
    sessions, mended, values, clock = mend(pace, times, VALUES)
    np.testing.assert_allclose(mended, TIMES, atol=1e-6)
    np.testing.assert_array_equal(sessions, TIMES >= 18)
    np.testing.assert_array_equal(values, VALUES)
    assert len(pace.notes) == 1
    assert said in pace.notes[0]
    assert not clock.notes


@pytest.mark.parametrize("rows", [1, 3, 20, 60])
def test_samples_that_come_late_are_sorted(rows):
    late = np.argsort(np.arange(COUNT) + np.random.default_rng(2).uniform(0, rows + 1, COUNT))
    pace = find(TIMES[late])
    sessions, mended, values, _ = mend(pace, TIMES[late], VALUES[late])
    np.testing.assert_array_equal(mended, TIMES)
    np.testing.assert_array_equal(values, VALUES)
    assert not sessions.any()
    assert 0 < pace.disorder <= rows
    assert "came late" in pace.notes[0]


def test_rows_that_are_there_twice_are_left_out_and_counted():
    times, values = np.repeat(TIMES, 2), np.repeat(VALUES, 2, axis=0)
    pace = find(times, values)
    assert pace.rate_hz == pytest.approx(HZ)
    _, mended, kept, clock = mend(pace, times, values)
    np.testing.assert_array_equal(mended, TIMES)
    np.testing.assert_array_equal(kept, VALUES)
    assert clock.dropped == COUNT
    assert "1,800 rows with time and values of another" in clock.notes[0]


def test_packets_that_were_sent_twice_are_left_out():
    rows = np.concatenate([np.arange(500), np.arange(480, COUNT)])
    _, mended, kept, clock = mend(find(TIMES[rows], VALUES[rows]), TIMES[rows], VALUES[rows])
    np.testing.assert_array_equal(mended, TIMES)
    np.testing.assert_array_equal(kept, VALUES)
    assert clock.dropped == 20


def test_equal_samples_of_a_packet_at_rest_are_kept():
    times, values = np.floor(TIMES), np.where(TIMES[:, None] < 18, VALUES, 1.0)
    _, mended, _, clock = mend(find(times, values), times, values)
    np.testing.assert_allclose(mended, TIMES, atol=1e-9)
    assert not clock.dropped


def test_two_samples_with_one_stamp_are_spread():
    times = TIMES.copy()
    times[901] = times[900]
    pace = find(times, VALUES)
    _, mended, _, _ = mend(pace, times, VALUES)
    np.testing.assert_allclose(mended, TIMES, atol=0.011)
    assert "1 sample had the time of the one before, first at 0:18" in pace.notes[0]


def test_samples_that_come_together_after_a_stall_were_taken_in_it():
    times = TIMES.copy()
    times[500:508] = times[508]
    _, mended, _, _ = mend(find(times, VALUES), times, VALUES)
    np.testing.assert_allclose(mended, TIMES, atol=2e-3)


def test_stray_times_cost_their_rows_alone():
    times = TIMES.copy()
    times[[900, 1000, 1200, 1400]] = [1e4, 0.0, 1e10, -1e9]
    pace = find(times)
    sessions, mended, _, clock = mend(pace, times, VALUES)
    np.testing.assert_array_equal(mended, np.delete(TIMES, [900, 1000, 1200, 1400]))
    assert not sessions.any()
    assert pace.rate_hz == pytest.approx(HZ)
    assert clock.dropped == 4
    assert "4 samples with a time far from those around, first at 0:17" in clock.notes[0]


def test_a_clock_that_stands_still_does_not_decide_about_the_rate():
    times = np.where(TIMES < 10, TIMES, np.maximum(10, TIMES - 5))
    pace = find(times)
    assert pace.rate_hz == pytest.approx(HZ)
    _, mended, _, clock = mend(pace, times, VALUES)
    np.testing.assert_allclose(mended, TIMES, atol=1e-6)
    assert "stands still for 251 samples, first at 0:10" in clock.notes[0]


SHUFFLED = np.random.default_rng(3).permutation(COUNT)


@pytest.mark.parametrize(
    ("times", "form", "message"),
    [
        pytest.param(TIMES[:1], "s", "fewer than two rows", id="one"),
        pytest.param(TIMES[:0], "s", "fewer than two rows", id="none"),
        pytest.param(TIMES * 0, "s", "all rows have the same time; .*--rate", id="constant"),
        pytest.param(TIMES[::-1], "s", "newest row comes first; sort", id="falling"),
        pytest.param(TIMES[SHUFFLED], "s", "in no order of time.*sort them by the time", id="any"),
        pytest.param(
            np.random.default_rng(3).permutation(40_000) / HZ, "s", "in no order of time", id="long"
        ),
        pytest.param(
            np.column_stack([TIMES, TIMES + 1000]).ravel(), "s", "sensors come in turn", id="two"
        ),
        pytest.param(TIMES * 1000, "s", "0.05 samples.*--time-unit ms", id="ms as s"),
        pytest.param(TIMES * 1000, "ms", "0.05 samples.*--time-unit us", id="us as ms"),
        pytest.param(TIMES / 1000, "ms", "50,000 samples.*--time-unit s", id="s as ms"),
        pytest.param(TIMES * 1e6, "iso", "another column of the time", id="dates"),
    ],
)
def test_times_of_no_recording_are_refused(times, form, message):
    with pytest.raises(DataError, match=message):
        find(times, form=form)


@pytest.mark.parametrize("rate", [12.5, 50.0, 100.0])
@pytest.mark.parametrize(("unit", "said"), list(permutations(SECONDS, 2)))
def test_the_unit_that_a_refusal_names_is_the_right_one(unit, said, rate):
    cells = np.arange(COUNT) / rate / SECONDS[unit]
    with pytest.raises(DataError) as refused:
        find(Times(said).seconds(cells), form=said)
    assert f"(--time-unit {unit})" in str(refused.value)
    assert find(Times(unit).seconds(cells), form=unit).rate_hz == pytest.approx(rate)


def test_without_values_a_repeated_stamp_is_a_sample():
    assert find(np.repeat(TIMES, 2)).packet == 2
    assert not find(np.repeat(TIMES, 2)).copies


CLOCKS = {
    "rising": np.cumsum,
    "any": lambda times: times,
    "nearly rising": lambda times: np.arange(len(times)) + 3 * times,
    "coarse": lambda times: np.floor(np.cumsum(np.abs(times))),
}
STEPS = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.floats(-0.1, 0.2), st.sampled_from([0.0, 0.02])),
    min_size=1,
    max_size=200,
)


@pytest.mark.parametrize("kind", CLOCKS)
@given(steps=STEPS, rate=st.floats(0.5, 8000), packet=st.sampled_from([1, 3]))
@settings(deadline=None)
def test_times_rise_whatever_a_clock_says(kind, steps, rate, packet):
    times = CLOCKS[kind](np.array(steps))
    values = np.arange(len(times))[:, None] * 1.0
    sessions, mended, kept, clock = mend(Pace(rate, packet), times, values)
    assert (np.diff(mended) > 0).all()
    assert (np.isin(np.diff(sessions), [0, 1])).all()
    assert sessions[0] == 0
    assert len(kept) + clock.dropped == len(times)
    assert len(np.unique(kept)) == len(kept)


@pytest.mark.parametrize("kind", CLOCKS)
@given(steps=STEPS, sizes=st.lists(st.integers(1, 60), min_size=1), data=st.data())
@settings(deadline=None)
def test_pace_and_clock_are_the_same_for_any_size_of_the_chunks(kind, steps, sizes, data):
    times = CLOCKS[kind](np.array(steps))
    values = data.draw(
        st.lists(st.sampled_from([0.0, 1.0]), min_size=len(times), max_size=len(times))
    )
    values = np.array(values)[:, None]
    edges = np.cumsum(sizes * (len(times) // sum(sizes) + 1))
    pieces = [piece for piece in np.split(np.arange(len(times)), edges) if len(piece)]
    small = pytest.MonkeyPatch()
    small.setattr(order, "BLOCK", 16)
    small.setattr(order, "HELD", 8)
    try:
        results, notes = [], []
        for rows in (pieces, [np.arange(len(times))]):
            finder, clock, parts = PaceFinder(), Clock(Pace(HZ)), []
            for piece in rows:
                finder.push(times[piece], values[piece])
                parts += clock.push(times[piece], values[piece])
            parts += clock.finish()
            results.append(
                np.concatenate([np.column_stack([np.full(len(t), s), t, v]) for s, t, v in parts])
            )
            try:
                notes.append(repr(finder.pace()))
            except DataError as error:
                notes.append(str(error))
    finally:
        small.undo()
    np.testing.assert_array_equal(*results)
    assert notes[0] == notes[1]
