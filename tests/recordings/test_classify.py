"""A user's own recordings: the same labels whatever the file, and refusals."""

import csv

import numpy as np
import pandas as pd
import pytest

import harmodels
from harmodels import GRUClassifier, ModelCard, TrainingData
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.errors import DataError, ModelError
from harmodels.recordings.activities import NO_LABEL
from harmodels.recordings.classify import Classifier
from harmodels.recordings.command import agreement, report_lines
from tests.recordings.conftest import CARD, CLASSES, COLUMNS


def card_of(folder):
    return harmodels.load(folder).card_


@pytest.fixture
def table(walk):
    """Return the afternoon as a frame."""
    return pd.read_csv(walk)


@pytest.mark.parametrize("model", ["gru", "mlp"])
def test_most_windows_of_an_unseen_person_get_the_right_label(
    model, walk, afternoon, classify, request
):
    found = classify(walk, request.getfixturevalue(model))
    assert agreement(found, afternoon.truth) > 0.9
    assert found.gaps == 1
    assert found.recorded_hz == pytest.approx(50, rel=1e-3)


@pytest.mark.parametrize(
    ("model", "rate_hz", "block_bytes"),
    [("gru", 50.0, 3_000), ("mlp", 50.0, 50_000), ("gru", 20.0, 2_000), ("gru", 100.0, 20_000)],
)
def test_the_size_of_the_chunks_changes_nothing(
    model, rate_hz, block_bytes, classify, write, request
):
    folder = request.getfixturevalue(model)
    samples = simulate_afternoon(CLASSES, minutes=4, rate_hz=rate_hz, seed=5).samples
    path = write(samples.drop(index=range(1500, 1600)))
    whole = classify(path, folder)
    parts = classify(path, folder, reading={"block_bytes": block_bytes})
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
    found = classify(path, folder, given_units={"acc": "g"}, time_unit="ms")
    np.testing.assert_array_equal(found.codes, clean.codes)


def test_seconds_add_up_to_the_time_in_windows(walk, gru, classify):
    found = classify(walk, gru)
    assert found.seconds.sum() == pytest.approx(found.recorded_s - 90, abs=6)
    assert sum(found.minutes().values()) == pytest.approx(found.seconds.sum() / 60)


def test_the_file_holds_what_was_found(walk, gru, classify, tmp_path):
    found = classify(walk, gru, out=tmp_path / "out.csv")
    frame = pd.read_csv(tmp_path / "out.csv")
    assert list(frame.columns) == ["start", "end", "label", *found.classes]
    assert frame["label"].tolist() == [found.classes[code] for code in found.codes]
    np.testing.assert_allclose(frame["start"], found.starts, atol=6e-4)
    np.testing.assert_allclose(frame[list(found.classes)].sum(axis=1), 1, atol=3e-4)


def test_dates_stay_dates(table, gru, classify, write, tmp_path):
    stamps = pd.Timestamp("2024-05-01T12:00", tz="UTC") + pd.to_timedelta(table["t"], unit="s")
    path = write(table.assign(t=stamps.map(lambda stamp: stamp.isoformat())).iloc[:3000])
    classify(path, gru, time_unit="iso", out=tmp_path / "out.csv")
    first = pd.read_csv(tmp_path / "out.csv").iloc[1]
    assert (first["start"], first["end"]) == ("2024-05-01T12:00:01.280", "2024-05-01T12:00:03.840")


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


def test_windows_may_start_further_apart_than_the_model_s(walk, gru, classify):
    starts = classify(walk, gru, step=128).starts
    np.testing.assert_allclose(np.diff(starts[:5]), 2.56)


@pytest.mark.parametrize("step", [0, -1, 129])
def test_a_step_that_is_no_part_of_a_window_is_refused(step, walk, gru, classify):
    with pytest.raises(DataError, match=f"--step {step}: give 1 to 128 samples, a whole window"):
        classify(walk, gru, step=step)


def test_labels_with_quotes_commas_and_line_ends_survive_the_file(walk, classify, tmp_path):
    names = ['say "sit"', "lie\ndown", "walk, fast", "run\r"]
    X = np.random.default_rng(0).normal(size=(16, 128, 3))
    for count in (3, 4):  # a carriage return asks for other quotes than the rest
        model = GRUClassifier(4, epochs=3, learning_rate=0.1, random_state=1)
        model.fit(X, np.resize(names[:count], 16)).save(tmp_path / "odd", CARD)
        found = classify(walk, tmp_path / "odd", out=tmp_path / "out.csv")
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        assert header == ["start", "end", "label", *found.classes]
        assert sorted(found.classes) == sorted(names[:count])
        assert [row[2] for row in rows] == [found.classes[code] for code in found.codes]


def test_a_sensor_that_stands_still_for_a_while_gets_no_label(table, gru, classify, write):
    table.loc[5000:9999, ["ax", "ay", "az"]] = [9.8, 0.0, 0.0]
    found = classify(write(table), gru)
    stuck = (found.starts > 103) & (found.ends < 199)
    assert (found.codes[stuck] == NO_LABEL).all()
    assert np.isnan(found.probabilities[stuck]).all()
    assert any("stood still" in line for line in report_lines(found, card_of(gru), "walk", None))


def test_what_is_said_names_how_the_sensor_was_worn(walk, gru, classify):
    text = "\n".join(report_lines(classify(walk, gru), card_of(gru), "walk.csv", None))
    assert "SIMULATED recordings (simulated): a phone at the waist" in text
    assert "Not valid for a sensor worn elsewhere" in text


def in_degrees(table):
    return table.assign(**{n: table[n] * 180 / np.pi * 3 for n in ("gx", "gy", "gz")})


def without_gravity(table):
    acceleration = table[["ax", "ay", "az"]]
    return table.assign(**(acceleration - acceleration.rolling(50, min_periods=1).mean()))


@pytest.mark.parametrize(
    ("model", "change", "source", "message"),
    [
        ("gru", None, {"given_units": {}}, r"median acceleration is 9\.\d+ g.*say --unit acc=m/s2"),
        ("mlp", in_degrees, {}, r"angular velocity reaches .*gyro=deg/s"),
        ("gru", without_gravity, {}, "leaves gravity out"),
        ("gru", None, {"columns": {"time": "t"}}, r"no column 'total_acc_x'.*does not guess"),
        ("gru", None, {"columns": COLUMNS | {"acc_x": "axx"}}, "no column 'axx'"),
        ("gru", None, {"columns": COLUMNS | {"heart": "ax"}}, "unknown channel 'heart'"),
        ("gru", None, {"given_units": {"acc": "furlong"}}, "unknown unit 'furlong'"),
        ("gru", None, {"given_units": {"acc": "rad/s"}}, "measures angular velocity"),
        ("gru", None, {"given_units": {"gyro": "deg/s"}}, "the model has total_acc_x"),
        ("gru", None, {"time_unit": "ms"}, "samples a second by its times.*--time-unit"),
        ("gru", None, {"time_unit": "us"}, "samples a second by its times.*--time-unit"),
        ("gru", lambda t: t.iloc[::5], {}, "10 samples a second by its times.*so slow"),
        ("gru", lambda t: t.iloc[:100], {}, "none as long as the 2.56 s"),
        ("gru", lambda t: t.assign(ay=0.0), {}, "the column ay is 0 throughout; a constant"),
    ],
)
def test_what_the_model_does_not_cover_is_refused_and_leaves_no_file(
    model, change, source, message, walk, table, classify, write, tmp_path, request
):
    path = walk if change is None else write(change(table))
    with pytest.raises(DataError, match=message):
        classify(path, request.getfixturevalue(model), out=tmp_path / "out.csv", **source)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column"),
        ("t,ax,ay,az\n", "Empty CSV file"),
        ("t,ax,ay,az\n0,,1,2\n", "no row of finite numbers"),
        ("t,ax,ay,az\n0,a,b,c\n", "cannot read"),
        (None, "cannot read .*No such file"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(text, message, gru, classify, tmp_path):
    if text is not None:
        (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        classify(tmp_path / "bad.csv", gru)


def test_rows_that_are_no_numbers_are_counted_and_bridged(table, gru, classify, write):
    clean = classify(write(table), gru)
    table.loc[1000:1003, "ay"] = np.nan
    found = classify(write(table), gru)
    assert (found.dropped, found.gaps) == (4, clean.gaps)
    assert len(found.codes) == len(clean.codes)


def test_semicolons_and_blanks_are_read(table, gru, classify, tmp_path):
    path = tmp_path / "walk.csv"
    path.write_text(table.iloc[:3000].to_csv(index=False, sep=";").replace("ax;ay", " ax ; ay", 1))
    assert len(classify(path, gru).codes) == 45


def test_a_model_without_a_card_is_refused(walk, classify, tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 20, 3))
    model = GRUClassifier(3, epochs=1).fit(X, ["a", "b"] * 4)
    with pytest.raises(ModelError, match="does not say which channels it reads"):
        Classifier(model)


def test_a_model_of_whole_recordings_reads_each_part_at_once(walk, classify, tmp_path):
    X = [np.random.default_rng(n).normal(size=(40 + n, 3)) for n in range(8)]
    card = ModelCard(("ax", "ay", "az"), ("g",) * 3, 50.0, TrainingData("toy"))
    GRUClassifier(3, epochs=1).fit(X, ["a", "b"] * 4).save(tmp_path / "whole", card)
    found = classify(
        walk, tmp_path / "whole", columns={"time": "t"},
        given_units={"ax": "m/s2", "ay": "m/s2", "az": "m/s2"},
    )  # fmt: skip
    assert len(found.codes) == 2
    with pytest.raises(DataError, match="--step 5: the model reads whole recordings"):
        Classifier(harmodels.load(tmp_path / "whole"), step=5)
