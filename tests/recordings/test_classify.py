"""A user's own recordings: the same labels whatever the file, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harmodels
from harmodels import GRUClassifier, ModelCard, TrainingData
from harmodels.data.reading.meaning import Given
from harmodels.data.reading.recording import open_recording
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.errors import DataError, ModelError
from harmodels.recordings.activities import NO_LABEL
from harmodels.recordings.classify import Classifier, classify_recording
from tests.recordings.conftest import CLASSES, COLUMNS, Kept


@pytest.fixture
def table(walk):
    """Return the afternoon as a frame."""
    return pd.read_csv(walk)


@pytest.fixture(scope="session")
def samples(walk):
    """Return times and acceleration in g of two minutes: sitting for 31 s, then walking."""
    table = pd.read_csv(walk).iloc[1500:7500]
    return np.arange(6000) / 50, table[["ax", "ay", "az"]].to_numpy() / STANDARD_GRAVITY


@pytest.fixture(scope="session")
def kept(gru):
    """Return a function from sessions in memory to activities."""
    model = harmodels.load(gru)

    def run(*sessions, gap=0.2, step=None, **more):
        recording = Kept(list(sessions), **more)
        return classify_recording(Classifier(model, step=step, largest_gap_s=gap), recording)

    return run


@pytest.fixture(scope="session")
def kept_file(gru, tmp_path_factory):
    """Return a function from times and values to activities, or None where they are refused."""
    model, path = harmodels.load(gru), tmp_path_factory.mktemp("kept") / "walk.csv"

    def run(times, values):
        table = pd.DataFrame(values, columns=["ax", "ay", "az"])
        table.insert(0, "t", times.round(3))
        table.to_csv(path, index=False)
        given = Given(COLUMNS, {"acc": "g"}, "s")
        try:
            recording = open_recording(path, model.card_.channels, model.card_.units, given)
            return classify_recording(Classifier(model), recording)
        except DataError:
            return None

    return run


def share(found, truth):
    """Return the share of windows whose middle has their label in the truth."""
    middle = (found.starts + found.ends) / 2
    right = [
        (
            (truth["start"] <= at) & (at < truth["end"]) & (truth["label"] == found.classes[code])
        ).any()
        for at, code in zip(middle, found.codes, strict=True)
    ]
    return np.mean(right)


@pytest.mark.parametrize("model", ["gru", "mlp"])
def test_most_windows_of_an_unseen_person_get_the_right_label(
    model, walk, afternoon, classify, request
):
    found = classify(walk, request.getfixturevalue(model))
    assert share(found, afternoon.truth) > 0.9
    assert found.gaps == 1
    assert found.recorded_hz == pytest.approx(50, rel=1e-3)


@pytest.mark.parametrize(
    ("model", "rate_hz", "chunk"),
    [("gru", 50.0, 100), ("mlp", 50.0, 1000), ("gru", 20.0, 70), ("gru", 100.0, 500)],
)
def test_the_size_of_the_chunks_changes_nothing(model, rate_hz, chunk, classify, write, request):
    folder = request.getfixturevalue(model)
    samples = simulate_afternoon(CLASSES, minutes=4, rate_hz=rate_hz, seed=5).samples
    path = write(samples.drop(index=range(1500, 1600)))
    whole = classify(path, folder)
    parts = classify(path, folder, chunk=chunk)
    assert whole.gaps == 1
    np.testing.assert_array_equal(parts.starts, whole.starts)
    np.testing.assert_array_equal(parts.codes, whole.codes)
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, rtol=0, atol=1e-6)


@pytest.mark.parametrize("model", ["gru", "mlp"])
def test_unit_order_of_columns_and_format_change_no_label(
    model, table, classify, request, tmp_path
):
    folder = request.getfixturevalue(model)
    path = tmp_path / "walk.parquet"
    other = table.assign(
        t=table["t"] * 1000, **{name: table[name] / 9.80665 for name in ("ax", "ay", "az")}
    )
    other.iloc[:, ::-1].to_parquet(path)
    (tmp_path / "walk.csv").write_text(table.to_csv(index=False))
    clean = classify(tmp_path / "walk.csv", folder)
    found = classify(path, folder, units={"acc": "g"}, time_unit="ms")
    np.testing.assert_array_equal(found.codes, clean.codes)


def test_nanoseconds_since_1970_lose_nothing(table, gru, classify, write):
    start = 1_714_564_800_000_000_000
    nanoseconds = start + (table["t"] * 1e9).round().astype("int64")
    clean = classify(write(table), gru)
    path = write(table.assign(t=nanoseconds))
    found = classify(path, gru, time_unit="ns")
    assert len(found.codes) == len(clean.codes)
    assert (found.codes == clean.codes).mean() > 0.99


def test_a_file_without_times_is_read_at_its_rate(table, gru, classify, write):
    columns = {name: column for name, column in COLUMNS.items() if name != "time"}
    path = write(table.iloc[:5000].drop(columns="t"))
    assert len(classify(path, gru, columns=columns, rate_hz=50.0).codes) == 77


def test_windows_may_start_further_apart_than_the_model_s(samples, kept):
    np.testing.assert_allclose(np.diff(kept(samples, step=128).starts[:5]), 2.56)


@pytest.mark.parametrize("step", [0, -1, 129])
def test_a_step_that_is_no_part_of_a_window_is_refused(step, samples, kept):
    with pytest.raises(DataError, match=f"--step {step}: give 1 to 128 samples, a whole window"):
        kept(samples, step=step)


@pytest.mark.parametrize("gap", [-1.0, np.nan, np.inf])
def test_a_gap_that_is_no_length_is_refused(gap, samples, kept):
    with pytest.raises(DataError, match="--gap .*: give seconds, 0 or more"):
        kept(samples, gap=gap)


def test_rows_that_are_no_numbers_are_bridged_and_counted(table, gru, classify, write):
    clean = classify(write(table), gru)
    table.loc[1000:1003, "ay"] = np.nan
    found = classify(write(table), gru)
    assert any("4 rows" in note for note in found.notes)
    assert found.gaps == clean.gaps
    assert len(found.codes) == len(clean.codes)


# ---- time: sessions, pauses and what is bridged


def test_windows_never_cross_two_sessions(samples, kept):
    times, values = samples[0][:1000], samples[1][:1000]
    found = kept((times, values), (times + 20.0, values))
    assert found.recorded_s == pytest.approx(40, abs=0.1)
    assert not ((found.starts < 19.9) & (found.ends > 20.1)).any()
    assert found.gaps == 0


def test_a_pause_is_no_recorded_time(samples, kept):
    times, values = samples
    later = times + 60.0 * (times > 30)
    found = kept((later, values))
    assert (found.gaps, found.paused_s) == (1, pytest.approx(60, abs=0.1))
    assert found.recorded_s == pytest.approx(120, abs=0.1)
    assert found.seconds.sum() == pytest.approx(120, abs=3)


def test_the_advice_to_bridge_pauses_gives_labels(samples, kept):
    times, values = samples
    times = times + 0.5 * np.floor(times / 2.5)
    with pytest.raises(DataError, match=r"47 pauses, no part as long as .*\(--gap 1\)"):
        kept((times, values))
    assert (kept((times, values), gap=1).codes != NO_LABEL).all()


def test_samples_that_are_far_apart_are_no_pauses(samples, kept):
    times, values = samples[0][:3000:3], samples[1][:3000:3]
    assert kept((times, values), gap=0, rate_hz=50 / 3).gaps == 0


@pytest.mark.parametrize("chunk", [7, 1000])
def test_a_bridged_pause_gets_no_label_where_it_is_long_and_is_counted(chunk, samples, kept):
    times, values = samples
    there = ~((times > 30) & (times < 38)) & ~((times > 60) & (times < 60.5))
    found = kept((times[there], values[there]), gap=10, chunk=chunk)
    assert found.gaps == 0
    line = (found.ends > 30) & (found.starts < 38)
    np.testing.assert_array_equal(found.codes == NO_LABEL, line)
    (note,) = found.notes
    assert "2 pauses of 8.5 s together bridged by straight lines" in note
    assert "no label where one is longer than 1 s" in note


@given(
    st.lists(st.tuples(st.integers(1, 900), st.floats(0.0, 12.0)), min_size=1, max_size=6),
    st.sampled_from([0.2, 5.0]),
    st.integers(50, 2000),
)
@settings(max_examples=15, deadline=None)
def test_times_add_up_whatever_the_pauses_and_sessions(samples, kept, parts, gap, chunk):
    """A pause below 0.1 begins a session."""
    sessions, start, first, before = [], 0.0, 0, 0.0
    for count, pause in parts:
        times = start + np.arange(count) / 50.0
        values = samples[1][first : first + count]
        if before >= 0.1:
            old_times, old_values = sessions.pop()
            times, values = np.append(old_times, times), np.concatenate([old_values, values])
        sessions.append((times, values))
        start, first, before = times[-1] + 0.02 + pause, first + count, pause
    recorded = sum(np.diff(t)[np.diff(t) <= gap].sum() for t, _ in sessions)
    found, why = None, ""
    try:
        found = kept(*sessions, gap=gap, chunk=chunk)
    except DataError as error:
        why = str(error)
    if found is None:
        assert "no part as long as" in why
        return
    assert found.recorded_s == pytest.approx(recorded, abs=0.13 * len(sessions))
    assert (found.seconds > 0).all()
    assert min(found.minutes().values()) >= 0
    assert found.seconds.sum() <= recorded + 0.13 * len(parts)


@given(
    st.lists(st.tuples(st.integers(20, 600), st.floats(-20, 20)), min_size=1, max_size=5),
    st.sampled_from([1, 0.5, 0.02]),
)
@settings(max_examples=10, deadline=None)
def test_minutes_are_never_negative_whatever_the_clock_does(samples, kept_file, parts, fineness):
    """After some rows the clock steps back or forth; stamps are rounded."""
    steps = np.concatenate([[jump, *np.full(count - 1, 0.02)] for count, jump in parts])
    times = np.round(np.cumsum(steps) / fineness) * fineness
    found = kept_file(times, samples[1][: len(times)])
    if found is not None:
        assert (found.seconds > 0).all()
        assert 0 <= sum(found.minutes().values()) * 60 <= found.recorded_s + 1
        assert found.recorded_s <= len(times) / 40 + 0.2 * len(parts) + 2


# ---- what the look finds


def test_a_sensor_that_stands_still_for_a_while_gets_no_label(samples, kept):
    times, values = samples[0], samples[1].copy()
    values[2000:3000] = [1.0, 0.0, 0.0]
    found = kept((times, values))
    stuck = (found.starts > 43) & (found.ends < 59)
    assert (found.codes[stuck] == NO_LABEL).all()
    assert np.isnan(found.probabilities[stuck]).all()
    assert any("did not move" in note for note in found.notes)


def test_one_axis_that_is_stuck_for_a_while_gets_no_label(samples, kept):
    times, values = samples[0], samples[1].copy()
    values[2000:3000, 2] = values[2000, 2]
    found = kept((times, values))
    stuck = (found.starts > 41) & (found.ends < 59)
    assert (found.codes[stuck] == NO_LABEL).all()
    assert any("no label" in note for note in found.notes)


def in_degrees(table):
    return table.assign(**{n: table[n] * 180 / np.pi * 3 for n in ("gx", "gy", "gz")})


def without_gravity(table):
    acceleration = table[["ax", "ay", "az"]]
    return table.assign(**(acceleration - acceleration.rolling(50, min_periods=1).mean()))


@pytest.mark.parametrize(
    ("model", "change", "source", "message"),
    [
        ("gru", None, {"units": {"acc": "g"}}, "--unit acc=m/s2"),
        ("mlp", in_degrees, {}, "gyro=deg/s"),
        ("gru", without_gravity, {}, "gravity"),
        ("gru", None, {"columns": COLUMNS | {"acc_x": "axx"}}, "axx"),
        ("gru", None, {"columns": COLUMNS | {"heart": "ax"}}, "heart"),
        ("gru", None, {"units": {"acc": "furlong"}}, "furlong"),
        ("gru", None, {"units": {"acc": "rad/s"}}, "rad/s"),
        ("gru", None, {"units": {"gyro": "deg/s"}}, "gyro"),
        ("gru", lambda t: t.iloc[::5], {}, "so slow"),
        ("gru", lambda t: t.iloc[:100], {}, "no part as long as the 2.56 s.*record longer"),
        ("gru", lambda t: t.assign(ay=0.0), {}, "ay|acc_y"),
    ],
)
def test_what_the_model_does_not_cover_is_refused(
    model, change, source, message, walk, table, classify, write, request
):
    path = walk if change is None else write(change(table))
    with pytest.raises(DataError, match=message):
        classify(path, request.getfixturevalue(model), **source)


def test_a_model_without_a_card_is_refused():
    X = np.random.default_rng(0).normal(size=(8, 20, 3))
    model = GRUClassifier(3, epochs=1).fit(X, ["a", "b"] * 4)
    with pytest.raises(ModelError, match="does not say which channels it reads"):
        Classifier(model)


def test_a_model_of_whole_recordings_reads_each_part_at_once(samples):
    X = [np.random.default_rng(n).normal(size=(40 + n, 3)) for n in range(8)]
    model = GRUClassifier(3, epochs=1).fit(X, ["a", "b"] * 4)
    model.card_ = ModelCard(("ax", "ay", "az"), ("g",) * 3, 50.0, TrainingData("toy"))
    times, values = samples
    later = Kept([(times + 60.0 * (times > 30), values)])
    assert len(classify_recording(Classifier(model), later).codes) == 2
    with pytest.raises(DataError, match="--step 5: the model reads whole recordings"):
        Classifier(model, step=5)
