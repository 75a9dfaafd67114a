"""Looks at recordings: what cannot be right is found, and each remedy leads to a right answer."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmodels.data.look import LIMITS, Look, gravity_of, touched
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.data.units import STANDARD_GRAVITY, unit_factor

RATE_HZ = 50.0
ACTIVITIES = ("walking", "sitting", "laying")
ACC = ("acc_x", "acc_y", "acc_z")
GYRO = ("gyro_x", "gyro_y", "gyro_z")
ALL = (*ACC, *GYRO)
UNITS = ("g",) * 3 + ("rad/s",) * 3
UPRIGHT = (1, 0, 0, 0, 0, 0)
PLACES = ("uci_har", "wisdm", "motionsense")


@dataclass
class Person:
    """What somebody's phone recorded."""

    times: np.ndarray  # (n,) s
    values: np.ndarray  # (n, 6) of `ALL` in `UNITS`
    labels: np.ndarray  # (n,) of `ACTIVITIES`

    def doing(self, *names):
        rows = np.isin(self.labels, [ACTIVITIES.index(name) for name in names])
        return self.values[rows]


def person(seed, like="uci_har", rate_hz=RATE_HZ):
    afternoon = simulate_afternoon(ACTIVITIES, minutes=6, rate_hz=rate_hz, seed=seed, like=like)
    table = afternoon.samples.to_numpy()
    values = table[:, 1:] / np.repeat([STANDARD_GRAVITY, 1.0], 3)
    labels = np.zeros(len(table), np.int64)
    for start, _, name in afternoon.truth.itertuples(index=False):
        labels[table[:, 0] >= start] = ACTIVITIES.index(name)
    return Person(table[:, 0], values, labels)


def training(seeds, like="uci_har", turn=None):
    windows, labels = [], []
    for seed in seeds:
        one = person(seed, like)
        count = len(one.values) // 128
        cut = one.values[: count * 128].reshape(count, 128, 6)
        windows.append(cut if turn is None else turn(cut, seed))
        labels.append(one.labels[: count * 128 : 128])
    return gravity_of(np.concatenate(windows), np.concatenate(labels), ALL, UNITS)


@pytest.fixture(scope="module")
def card():
    return training(range(40, 46))


@pytest.fixture(scope="module")
def somebody():
    return person(70)


def look(values, channels=ALL, units=UNITS, gravity=None, file_units=None, rate_hz=RATE_HZ):
    found = Look(channels, units, gravity, file_units)
    found.push(0, np.arange(len(values)) / rate_hz, values)
    return found


def kinds(found):
    return {finding.kind for finding in found.findings()}


def units_said(text):
    return dict(each.split("=") for each in re.search(r"--unit (\S+)", text)[1].split(","))


# Recordings as they should be


@pytest.mark.parametrize("like", PLACES)
@pytest.mark.parametrize("rate_hz", [12.5, 50.0, 100.0])
def test_nothing_is_found_where_nothing_is_wrong(like, rate_hz):
    gravity = training(range(40, 45), like)
    for seed in (70, 71):
        one = person(seed, like, rate_hz)
        for known in (None, gravity):
            found = Look(ALL, UNITS, known)
            found.push(0, one.times, one.values)
            assert found.findings() == []
            assert found.refusal() is None


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_recording_of_one_class_is_not_refused(activity, card, somebody):
    assert look(somebody.doing(activity), gravity=card).findings() == []


def test_a_model_of_all_orientations_takes_any(somebody):
    def turn(windows, seed):
        order, sign = np.random.default_rng(seed).permutation(3), (-1) ** seed
        return windows[..., order] * sign

    windows = np.concatenate([turn(person(s).values[:6400, :3], s) for s in range(40, 52)])
    cut = windows.reshape(-1, 128, 3)
    gravity = gravity_of(cut, np.zeros(len(cut), np.int64), ACC, UNITS[:3])
    for sign in (1, -1):
        assert look(sign * somebody.values[:, :3], ACC, UNITS[:3], gravity).findings() == []


def test_channels_that_are_no_sensor_are_not_looked_at():
    values = np.zeros((3000, 3))
    values[:, 1] = 100 * np.random.default_rng(0).normal(size=3000)
    assert look(values, ("wrist_x", "wrist_y", "wrist_z"), ("mm",) * 3).findings() == []


def test_a_sensor_that_nobody_wears_is_no_finding():
    assert look(np.tile([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], (3000, 1))).findings() == []


def test_an_idle_sleep_of_zeros_says_nothing_of_gravity(somebody):
    values = somebody.values[:, :3].copy()
    values[2000:12000] = 0.0
    assert look(values, ACC, UNITS[:3]).findings() == []


def test_a_hand_that_turns_is_not_taken_for_missing_gravity():
    times = np.arange(6000) / RATE_HZ
    angle = 2.2 * np.sin(2 * np.pi * 0.6 * times)
    turning = np.column_stack([np.cos(angle), np.sin(angle), 0.1 * np.sin(9 * times)])
    assert look(turning, ACC, UNITS[:3]).findings() == []


# Gravity


@pytest.mark.parametrize("known", [True, False], ids=["with a card", "without"])
@pytest.mark.parametrize("turned", [1, -1])
@pytest.mark.parametrize(
    ("unit", "said"),
    [("m/s2", "g"), ("mg", "g"), ("8192/g", "g"), ("64/g", "g"), ("g", "m/s2"), ("m/s2", "mg")],
)
def test_a_wrong_unit_is_named_and_the_remedy_mends_it(unit, said, turned, known, card, somebody):
    gravity = card if known else None
    raw = somebody.values[:, :3] / unit_factor(unit, "g") * (turned if known else 1)
    read = look(raw * unit_factor(said, "g"), ACC, UNITS[:3], gravity, (said,) * 3)
    assert kinds(read) == {"unit"}
    right = units_said(read.refusal())["acc"]
    mended = look(raw * unit_factor(right, "g"), ACC, UNITS[:3], gravity, (right,) * 3)
    assert mended.findings() == []
    assert right == ("-" if turned < 0 and known else "") + unit


@pytest.mark.parametrize("activity", [*ACTIVITIES, None])
def test_a_model_in_another_unit_hears_of_the_same_remedy(activity, somebody):
    values = somebody.values if activity is None else somebody.doing(activity)
    found = look(values[:, :3], ACC, ("m/s²",) * 3)
    assert units_said(found.refusal()) == {"acc": "g"}


@pytest.mark.parametrize("activity", [*ACTIVITIES, None])
@pytest.mark.parametrize("scale", [1.0, STANDARD_GRAVITY, 4.0])
def test_no_unit_is_said_where_gravity_is_missing(activity, scale, card, somebody):
    values = somebody.values if activity is None else somebody.doing(activity)
    slow = np.apply_along_axis(np.convolve, 0, values[:, :3], np.ones(100) / 100, "same")
    linear = (values[:, :3] - slow)[100:-100] * scale
    for gravity in (None, card):
        for unit in ("g", "m/s2"):
            found = look(linear, ACC, UNITS[:3], gravity, (unit,) * 3)
            assert kinds(found) == {"gravity"}
            assert "holds no gravity" in found.refusal()
            assert "--unit" not in found.refusal()


def test_a_file_in_metres_without_gravity_is_not_taken_for_one_in_g():
    rng = np.random.default_rng(1)
    times = np.arange(9000) / RATE_HZ
    steps = np.sin(2 * np.pi * 1.9 * times)[:, None] * [1.2, 0.5, 0.7]
    linear = steps + rng.normal(0, 0.3, (9000, 3)) + np.sin(0.7 * times)[:, None] * 0.4
    assert 0.7 <= np.median(np.linalg.norm(linear, axis=1)) <= 1.6
    assert "holds no gravity" in look(linear, ACC, UNITS[:3]).refusal()


def test_an_axis_of_another_sensor_is_no_unit(card, somebody):
    shifted = np.column_stack([somebody.values[:, 1:3], somebody.values[:, 5] / STANDARD_GRAVITY])
    for rows in (somebody.labels < 2, somebody.labels == 2, somebody.labels < 3):
        reason = look(shifted[rows], ACC, UNITS[:3], card, ("m/s2",) * 3).refusal()
        assert "column" in reason or "axes are exchanged" in reason
        assert "--unit acc=g" not in reason


def test_one_column_for_two_axes_is_found_in_somebody_calm(somebody):
    twice = somebody.doing("sitting")[:, [0, 0, 2]]
    assert "--columns" in look(twice, ACC, UNITS[:3]).refusal()


def test_a_part_in_another_unit_is_found_where_it_is(somebody):
    values = somebody.values[:12000, :3].copy()
    values[5000:9000] *= STANDARD_GRAVITY
    found = look(values, ACC, UNITS[:3])
    (part,) = found.findings()
    assert (part.kind, part.unit) == ("unit", "")
    assert (part.start, part.end) == pytest.approx((100, 180), abs=2)
    assert found.refusal() is None
    found = look(np.concatenate([values[5000:9000], values[4000:5000]]), ACC, UNITS[:3])
    assert "unit changes on the way" in found.refusal()


def test_a_model_without_gravity_refuses_recordings_with_it(somebody):
    def without(values):
        return values - values.mean(axis=-2, keepdims=True)

    cut = person(40).values[: 100 * 128, :3].reshape(-1, 128, 3)
    gravity = gravity_of(without(cut), np.zeros(len(cut), np.int64), ACC, UNITS[:3])
    windows = somebody.values[: 128 * 100, :3].reshape(-1, 128, 3)
    assert look(without(windows).reshape(-1, 3), ACC, UNITS[:3], gravity).findings() == []
    assert "holds gravity" in look(somebody.values[:, :3], ACC, UNITS[:3], gravity).refusal()
    windows = somebody.doing("walking")[:1920, :3].reshape(-1, 128, 3)
    larger = without(windows).reshape(-1, 3) * STANDARD_GRAVITY
    assert "in training" in look(larger, ACC, UNITS[:3], gravity).refusal()


def test_names_can_say_that_gravity_is_left_out(somebody):
    linear = somebody.values[:, :3] - somebody.values[:, :3].mean(axis=0)
    channels = ("user_acc_x", "user_acc_y", "user_acc_z")
    slow = np.apply_along_axis(np.convolve, 0, linear, np.ones(100) / 100, "same")
    assert look((linear - slow)[100:-100], channels, UNITS[:3]).findings() == []
    assert "holds gravity" in look(somebody.values[:, :3], channels, UNITS[:3]).refusal()


# Direction


@pytest.mark.parametrize("like", PLACES)
@pytest.mark.parametrize("unit", ["g", "m/s2", "-g"])
def test_turned_signs_are_refused_and_the_remedy_turns_them(like, unit):
    gravity, one = training(range(40, 45), like), person(71, like)
    raw = -one.values[:, :3] / unit_factor(unit, "g")
    found = look(raw * unit_factor(unit, "g"), ACC, UNITS[:3], gravity, (unit,) * 3)
    assert "sign" in kinds(found)
    right = units_said(found.refusal())["acc"]
    assert right == (unit[1:] if unit[0] == "-" else f"-{unit}")
    assert look(raw * unit_factor(right, "g"), ACC, UNITS[:3], gravity).findings() == []


def test_exchanged_axes_are_refused_without_a_unit(card, somebody):
    for order in ([1, 0, 2], [2, 0, 1]):
        found = look(somebody.doing("walking")[:, order], ACC, UNITS[:3], card)
        assert "orientation" in kinds(found)
        assert "axes are exchanged" in found.refusal()
        assert "--unit" not in found.refusal()


def test_a_phone_laid_aside_takes_its_own_time_only(card, somebody):
    values = np.concatenate([somebody.values[:9000, :3], np.zeros((3000, 3))])
    values[9000:] = np.random.default_rng(0).normal([0, 1, 0], 0.003, (3000, 3))
    (part,) = look(values, ACC, UNITS[:3], card).findings()
    assert part.kind == "orientation"
    assert (part.start, part.end) == pytest.approx((180, 240), abs=2)


# Rotation


@pytest.mark.parametrize("activity", [*ACTIVITIES, None])
@pytest.mark.parametrize(("unit", "said"), [("deg/s", "rad/s"), ("rad/s", "deg/s")])
def test_degrees_are_told_from_radians(activity, unit, said, somebody):
    values = (somebody.values if activity is None else somebody.doing(activity)).copy()
    raw = values[:, 3:] / unit_factor(unit, "rad/s")
    values[:, 3:] = raw * unit_factor(said, "rad/s")
    found = look(values, file_units=("g",) * 3 + (said,) * 3)
    if unit == "rad/s" and activity in ("sitting", "laying"):
        return  # the noise at rest hides rotations that are too small
    assert units_said(found.refusal()) == {"gyro": unit}
    values[:, 3:] = raw * unit_factor(unit, "rad/s")
    assert look(values, file_units=("g",) * 3 + (unit,) * 3).findings() == []


def test_two_wrong_units_are_one_option(somebody):
    values = somebody.values * np.repeat([STANDARD_GRAVITY, 180 / np.pi], 3)
    assert units_said(look(values).refusal()) == {"acc": "m/s2", "gyro": "deg/s"}


def test_a_gyroscope_alone_has_a_range(somebody):
    fast = somebody.doing("walking")[:, 5:] * 180 / np.pi
    assert units_said(look(fast, GYRO[2:], UNITS[5:]).refusal()) == {"gyro": "deg/s"}


def test_turning_in_a_chair_is_no_unit():
    rng = np.random.default_rng(2)
    values = rng.normal(UPRIGHT, 0.01, (6000, 6))
    values[:, 3] += 3 * np.sin(np.arange(6000) / 40)
    assert look(values).findings() == []


# Axes


@pytest.mark.parametrize("value", [0.0, -0.033])
@pytest.mark.parametrize("axis", range(6))
def test_a_stuck_axis_takes_the_labels_of_its_time(axis, value, somebody):
    values = somebody.values[:10000].copy()
    rows = slice(2000, 6000)
    values[rows, axis] = value
    found = look(values)
    (part,) = found.findings()
    assert (part.kind, part.channels) == ("zero" if value == 0 else "still", (ALL[axis],))
    assert (part.start, part.end) == pytest.approx((40, 120), abs=1.1)
    assert found.refusal() is None
    values[:, axis] = value
    assert ALL[axis] in look(values).refusal()


def test_a_stuck_axis_does_not_hide_a_wrong_unit(somebody):
    values = somebody.values[:10000, :3] * STANDARD_GRAVITY
    values[2000:, 2] = 0.1
    assert units_said(look(values, ACC, UNITS[:3]).refusal()) == {"acc": "m/s2"}


def test_an_axis_that_is_cut_off_is_found(somebody):
    values = somebody.doing("walking")[:6000, :3]
    found = look(np.clip(values, -2, 1.05), ACC, UNITS[:3])
    assert kinds(found) == {"clipped"}
    assert found.findings()[0].channels == ("acc_x",)


def test_digits_of_a_calm_sensor_are_not_stuck(somebody):
    coarse = np.round(somebody.doing("laying")[:2500, :3] / 0.04) * 0.04
    assert look(coarse, ACC, UNITS[:3]).findings() == []


def test_two_sensors_in_turn_are_refused():
    one, other = person(70).values[:6000, :3], person(71, "wisdm").values[:6000, :3]
    mixed = np.stack([one, other], axis=1).reshape(-1, 3)
    assert "two sensors" in look(mixed, ACC, UNITS[:3], rate_hz=2 * RATE_HZ).refusal()


# Use


def test_windows_that_touch_a_finding_are_named(somebody):
    values = somebody.values[:5000].copy()
    values[1000:3000, 2] = 0.1
    starts = np.arange(0, 95, 2.56)
    touches = touched(look(values).findings(), starts, starts + 2.56)
    inside = (starts >= 21) & (starts + 2.56 <= 59)
    assert touches[inside].all()
    assert not touches[(starts + 2.56 < 19) | (starts > 61)].any()


def test_a_few_seconds_are_enough_for_a_unit(somebody):
    for seconds in (2, 3, 8):
        raw = somebody.doing("walking")[: int(seconds * RATE_HZ), :3] * STANDARD_GRAVITY
        assert units_said(look(raw, ACC, UNITS[:3]).refusal()) == {"acc": "m/s2"}


def test_findings_come_in_the_order_of_time(somebody):
    values = somebody.values[:15000].copy()
    values[9000:11000, 0] = 0.0
    values[2000:5000, :3] *= STANDARD_GRAVITY
    starts = [finding.start for finding in look(values).findings()]
    assert len(starts) >= 2
    assert starts == sorted(starts)


def test_a_line_says_when_and_what():
    values = person(70).values[:10000].copy()
    values[3000:6500, 1] = 0.25
    (part,) = look(values).findings()
    assert part.line == "1:00-2:09: acc_y stays at 0.25 g while others move"


def test_no_sample_is_no_finding():
    empty = look(np.empty((0, 6)))
    assert (empty.findings(), empty.refusal()) == ([], None)


@given(st.lists(st.integers(1, 3999), max_size=12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_findings_do_not_depend_on_the_parts_that_samples_come_in(cuts, two_sessions):
    values, times = FAULTY
    whole, parts = Look(ALL, UNITS), Look(ALL, UNITS)
    sessions = np.where(np.arange(len(times)) < 1770, 0, int(two_sessions))
    edges = [0, *sorted({*cuts, 1770}), len(times)]
    for rows in (slice(0, 1770), slice(1770, None)) if two_sessions else (slice(None),):
        whole.push(int(sessions[rows][0]), times[rows], values[rows])
    for first, stop in pairwise(edges):
        parts.push(int(sessions[first]), times[first:stop], values[first:stop])
        if first % 3 == 0:
            parts.findings()  # to ask on the way changes nothing
    assert parts.findings() == whole.findings()
    assert parts.refusal() == whole.refusal()
    assert whole.findings()


def _faulty():
    rng = np.random.default_rng(5)
    values = rng.normal(UPRIGHT, 0.1, (4000, 6))
    values[500:1500, 2] = 0.5
    values[2500:, :3] *= 9.81
    return values, np.cumsum(rng.uniform(0.01, 0.03, 4000))


FAULTY = _faulty()


def test_memory_is_bounded_by_seconds():
    found = Look(ALL, UNITS)
    rng = np.random.default_rng(0)
    for part in range(4):
        times = 100 * part + np.arange(50_000) / 500
        found.push(0, times, rng.normal(UPRIGHT, 0.1, (50_000, 6)))
    kept = sum(column.nbytes for part in found._statistics._parts for column in part)
    assert kept < 400 * 200  # bytes, where the samples are 9.6 million


# The card


def test_the_card_says_where_gravity_points_and_how_large_it_is(card):
    (known,) = card
    assert known.sensor == "acc"
    assert 0.9 < known.low < 1 < known.high < 1.1
    assert [direction.label for direction in known.directions] == [0, 1, 2]
    assert np.linalg.norm([each.mean for each in known.directions], axis=1) == pytest.approx(
        1, abs=1e-3
    )
    walking, _, laying = known.directions
    assert np.dot(walking.mean, [1, 0, 0]) > 0.95
    assert abs(np.dot(laying.mean, [0, 0, 1])) > 0.9


def test_the_unit_of_the_training_does_not_matter(card):
    one = person(40).values[: 128 * 100].reshape(-1, 128, 6)[..., :3]
    labels = np.zeros(100, np.int64)
    in_g = gravity_of(one, labels, ACC, ("g",) * 3)
    in_metres = gravity_of(one * STANDARD_GRAVITY, labels, ACC, ("m/s²",) * 3)
    assert in_g == in_metres


def test_there_is_nothing_to_keep_without_three_axes():
    windows, labels = np.ones((2, 5, 2)), np.zeros(2, np.int64)
    assert gravity_of(windows, labels, ACC[:2], ("g", "g")) is None
    assert gravity_of(windows[:0], labels[:0], ACC[:2], ("g", "g")) is None


def test_limits_are_numbers_by_name():
    assert all(isinstance(value, float | int) for value in LIMITS.values())
