import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import unpack
from harmodels.data.prepare import prepare, read_raw
from harmodels.data.reading import table
from harmodels.data.registry import load_registries
from harmodels.data.sequences import read_sequences
from harmodels.errors import ConfigurationError, DataError
from tests.data.formats.own_tables import ENTRY, read, recording


def test_rate_unit_and_order_of_columns_do_not_matter(register, tmp_path):
    plain = read(register(), tmp_path / "a", recording(50))
    assert plain.lengths.tolist() == [100] * len(plain)
    # ⌊(600 − 100) / 50⌋ + 1 windows of each of two activities and people
    assert plain.labels.tolist() == ([0] * 11 + [1] * 11) * 2
    assert plain.subjects.tolist() == ["anna"] * 22 + ["bert"] * 22
    assert plain.ids[[0, 21]].tolist() == ["anna/00001", "anna/00022"]
    assert not plain.official_split.any()
    for rate_hz in (20, 100):
        frame = recording(rate_hz)
        frame[["acc_x", "acc_y", "acc_z"]] *= 9.80665
        frame["turn"] = np.rad2deg(frame.pop("gyro_x"))
        frame["t"] *= 1000
        units = dict.fromkeys(("acc_x", "acc_y", "acc_z"), "m/s²") | {"gyro_x": "deg/s"}
        layout = {"columns": {"gyro_x": "turn"}, "units": units, "time_unit": "ms"}
        dataset = register(layout, path="walks.parquet")
        other = read(dataset, tmp_path / "b", frame[frame.columns[::-1]])
        for name in ("ids", "subjects", "labels"):
            assert getattr(other, name).tolist() == getattr(plain, name).tolist()
        inner = other.padded()[:, 25:-25] - plain.padded()[:, 25:-25]
        assert np.abs(inner).max() < 0.05


def test_samples_without_a_time_have_the_recorded_rate(register, tmp_path):
    plain = read(register(), tmp_path / "a", recording(100))
    dataset = register({"time": None, "recorded_hz": 100})
    even = read(dataset, tmp_path / "b", recording(100).drop(columns="t"))
    np.testing.assert_allclose(even.values, plain.values, atol=1e-6)


def test_dates_are_times(register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    frame["t"] = pd.Timestamp("2024-05-01T12:00:00") + pd.to_timedelta(frame["t"], unit="s")
    dates = read(register({"time_unit": "iso"}), tmp_path / "b", frame)
    np.testing.assert_allclose(dates.values, plain.values, atol=1e-5)


def test_a_folder_with_a_file_of_labels_is_read(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    folder.mkdir(parents=True)
    whole = recording(50)
    lines = ["file,person,activity"]
    for number, (names, part) in enumerate(whole.groupby(["person", "activity"])):
        part.drop(columns=["person", "activity"]).to_csv(folder / f"{number}.csv", index=False)
        lines.append(f"{number}.csv,{names[0]},{names[1]}")
    (folder / "labels.csv").write_text("\n".join(lines))
    dataset = register({"labels": "labels.csv"}, path="walks")
    sequences, _, hashes = read_raw(dataset, tmp_path / "raw")
    assert np.bincount(sequences.labels).tolist() == [22, 22]
    assert sequences.ids[0] == "anna/0/00001"
    assert sorted(hashes) == [f"walks/{n}.csv" for n in range(4)] + ["walks/labels.csv"]


@pytest.mark.parametrize("listed", [False, True])
def test_the_folder_of_an_app_is_one_recording(listed, register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    lines = ["file,person,activity"]
    plain = read(register(), tmp_path / "a", recording(50))
    for (person, activity), part in recording(50).groupby(["person", "activity"], sort=False):
        own = folder / person / f"{activity}-1"
        own.mkdir(parents=True)
        lines.append(f"{person}/{activity}-1,{person},{activity}")
        half = part[["acc_x", "acc_y", "acc_z"]].to_numpy() / 2 * 9.80665
        turn = part[["gyro_x"]].to_numpy()
        times = {"time": (part["t"] * 1e9).round().astype("int64"), "seconds_elapsed": part["t"]}
        for name, values in (("Accelerometer", half), ("Gravity", half), ("Gyroscope", turn)):
            axes = dict(zip("xyz", values.T, strict=False))
            pd.DataFrame(times | axes).to_csv(own / f"{name}.csv", index=False)
    changes = {"label_file": "labels.csv"} if listed else {"files": "{person}/{activity}-*"}
    if listed:
        (folder / "labels.csv").write_text("\n".join(lines))
    dataset = register({"time": None} | changes, path="walks")
    sequences, notes, hashes = read_raw(dataset, tmp_path / "raw")
    ours, theirs = (
        each.take(np.lexsort((each.labels, each.subjects))) for each in (sequences, plain)
    )
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-5)
    assert ours.labels.tolist() == theirs.labels.tolist()
    assert len(hashes) == 12 + listed
    assert notes["units_of_files"]["acc_x"] == "m/s2"


def test_recordings_that_alternate_by_row_are_put_apart(register, tmp_path):
    plain = read(register(), tmp_path / "a", recording(50))
    mixed = recording(50).sort_values("t", kind="stable")
    assert mixed["person"].iloc[:2].tolist() == ["anna", "bert"]
    np.testing.assert_array_equal(read(register(), tmp_path / "b", mixed).values, plain.values)


def test_a_recording_column_parts_recordings(register, tmp_path):
    frame = recording(50)
    frame["session"] = np.where(frame["t"] < 6, "morning", "evening")
    sequences = read(register({"recording": "session"}), tmp_path / "a", frame)
    assert sequences.ids[0] == "anna/morning/00001"
    # 6 s and 6 s of sitting are 5 and 5 windows instead of 11
    assert np.bincount(sequences.labels).tolist() == [20, 22]


def test_gaps_part_windows_and_what_is_dropped_is_counted(register, tmp_path):
    frame = recording(50)
    frame["acc_x"] = frame["acc_x"].astype(object)
    frame.loc[frame.index[:3], "acc_x"] = ["1_0", np.inf, None]
    frame.loc[frame.index[10:12], "activity"] = ["", "flying"]
    frame = frame.drop(index=range(300, 350))  # a second of sitting
    raw = tmp_path / "raw"
    sequences = read(register(), raw, frame)
    notes = read_raw(register(), raw)[1]
    assert notes["dropped"] == {
        "row without subject or label": 1,
        "row of a label that is none of the classes": 1,
        "row with a value or time that is not a finite number": 3,
        "sample of a part too short for a window": 7,
    }
    assert notes["other_labels"] == {"flying": 1}
    assert notes["recorded_hz"] == [50.0, 50.0]
    assert "resample_poly" in notes["resampling"]
    # of anna's sitting, rows 12 to 299 and 350 to 599 are left: 4 and 4 windows
    assert (sequences.labels[sequences.subjects == "anna"] == 0).sum() == 8


REFUSED = {
    "no channel": (
        lambda f: f.rename(columns={"acc_x": "acx_x"}),
        r"walks\.csv: no column for acc_x \(columns: .*acx_x.*\(columns: {acc_x: COLUMN}\)",
    ),
    "no label": (lambda f: f.drop(columns="activity"), "no column 'activity'"),
    "no time": (lambda f: f.drop(columns="t"), "no column 't'"),
    "no class": (
        lambda f: f.assign(activity="flying"),
        r"no row of the class Sitting; .*'flying' \(2400 rows\)|'flying' \(2,400 rows\)",
    ),
    "a class too short": (
        lambda f: f.drop(index=[*range(90, 600), *range(1200, 1800)]),
        r"no unbroken 2 s of Sitting, though 90 rows .* too short for a window: 90 \(first",
    ),
    "a person too short": (
        lambda f: f[(f["person"] == "anna") | (f["t"] < 1)],
        r"no unbroken 2 s of a class by 'bert'; left out: .*walks\.csv, bert, 0\.0 s",
    ),
    "empty": (lambda f: f.iloc[:0], "holds no rows below its header"),
    "too fast": (
        lambda f: f.assign(t=f["t"] / 1000),
        r"walks\.csv, anna: the recording has 50,000 samples a second .*\(time: …\).*\(time_unit\)",
    ),
    "shuffled": (lambda f: f.sample(frac=1, random_state=0), "rows are in no order of time"),
    "one in another unit": (
        lambda f: f.assign(
            **{
                a: f[a] * np.where(f["person"] == "bert", 9.8, 1)
                for a in ("acc_x", "acc_y", "acc_z")
            }
        ),
        r"bert: .* as in another unit; this is so in 1 of 2 recordings: mend these recordings",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_does_not_fit_is_refused(case, register, tmp_path):
    change, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        read(register(), tmp_path / "raw", change(recording(50)))


def test_the_unit_that_is_advised_leads_to_the_right_samples(register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    frame[["acc_x", "acc_y", "acc_z"]] *= 9.80665
    with pytest.raises(DataError, match=r"anna: .*as in another unit; say units: {acc: m/s2}"):
        read(register({"units": {"acc": "g"}}), tmp_path / "b", frame)
    mended = read(register({"units": {"acc": "m/s2"}}), tmp_path / "b", frame)
    np.testing.assert_allclose(mended.values, plain.values, atol=1e-5)


def test_columns_are_added(register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    frame["gravity+x"] = 0.0  # a name as it is goes before a sum
    for axis in ("x", "y", "z"):
        frame[f"user {axis}"] = 0.3 * frame[f"acc_{axis}"]
        frame[f"g {axis}"] = 0.7 * frame.pop(f"acc_{axis}")
    columns = {f"acc_{axis}": f"g {axis}+user {axis}" for axis in ("x", "y", "z")}
    added = read(register({"columns": columns}), tmp_path / "b", frame)
    np.testing.assert_allclose(added.values, plain.values, atol=1e-5)


DATES = {"%d.%m.%Y %H:%M:%S.%f": "%d.%m.%Y %H:%M:%S.%f", None: "%Y-%m-%dT%H:%M:%S.%fZ"}


@pytest.mark.parametrize("pattern", DATES)
def test_times_are_dates_of_any_form(pattern, register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    stamps = pd.Timestamp("2024-05-01T23:59:55") + pd.to_timedelta(frame["t"], unit="s")
    frame["t"] = stamps.dt.strftime(DATES[pattern])
    dates = read(register({"time_unit": pattern}), tmp_path / "b", frame)
    np.testing.assert_allclose(dates.values, plain.values, atol=1e-5)


def test_bytes_that_are_no_table_are_refused(register, tmp_path):
    (tmp_path / "walks.csv").write_bytes(b"\xff\xfe\x00" * 50)
    with pytest.raises(DataError, match=r"walks\.csv is no table"):
        read_raw(register(), tmp_path)


WRONG = {
    "time twice": ({"recorded_hz": 50}, {}, "give either time, the column of the time, or"),
    "unknown channel": ({"columns": {"acc_q": "a"}}, {}, "unknown channel 'acc_q'"),
    "wrong unit": ({"units": {"acc_x": "deg/s"}}, {}, r"units\.acc_x: deg/s measures angular"),
    "unit of none": ({"units": {"mag": "g"}}, {}, r"table\.units: unknown channel 'mag'"),
    "label of no class": ({"labels": {"Sit": "siting"}}, {}, "unknown class 'siting'.*'Sitting'"),
    "labels alike": ({"labels": {"1": "Sitting", "1.0": "Sitting"}}, {}, "'1' and '1.0' are alike"),
    "label true": ({"labels": {True: "Sitting"}}, {}, "True should be text; write it in quotes"),
    "labels twice": ({"labels": "a.csv", "label_file": "a.csv"}, {}, "once, as label_file"),
    "files twice": ({"files": "*.csv", "label_file": "a.csv"}, {}, "either files or label_file"),
    "time unit": ({"time_unit": "minutes"}, {}, r"table\.time_unit: .*it is one of s, ms"),
    "misspelt key": ({"subjekt": "a"}, {}, "unknown key 'subjekt' .did you mean 'subject'"),
    "no window": ({}, {"window": None}, "window"),
    "no layout": ({}, {"format": "wisdm"}, "no key table"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_entry_is_refused(case, register):
    table, changes, message = WRONG[case]
    with pytest.raises(ConfigurationError, match=message):
        register(table, **changes)


def test_a_name_of_the_repository_cannot_be_taken(tmp_path, repository):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"wisdm": ENTRY}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml: wisdm is the name of a data set"):
        load_registries([repository / "config" / "datasets.yaml", path])


def test_a_users_table_goes_the_whole_way(register, tmp_path):
    dataset = replace(register(), path="data/walks.csv")
    (tmp_path / "mine").mkdir()
    recording(50).to_csv(tmp_path / "mine" / "walks.csv", index=False)
    fetch(dataset, tmp_path / "walks.csv", str(tmp_path / "mine"), progress=False)
    unpack(dataset, tmp_path / "walks.csv", tmp_path / "raw")
    prepare(dataset, tmp_path / "raw", tmp_path / "s.parquet", tmp_path / "card.json")
    assert len(read_sequences(tmp_path / "s.parquet")) == 44


def test_rows_count_the_same_in_batches_of_any_size(register, tmp_path, monkeypatch):
    frame = recording(50).sort_values("t", kind="stable")
    frame.loc[frame.index[50:-50:97], "acc_x"] = np.nan
    whole = read(register(), tmp_path / "a", frame)
    assert len(whole) == 44  # a cell that is missing costs its row, and no window
    monkeypatch.setattr(table, "BLOCK_BYTES", 1000)
    parted = read(register(), tmp_path / "b", frame)
    for name in ("ids", "labels", "subjects", "values"):
        np.testing.assert_array_equal(getattr(parted, name), getattr(whole, name))


def test_windows_in_which_an_axis_stands_still_are_left_out_and_said(register, tmp_path):
    frame = recording(50, seconds=60.0)
    noise = np.random.default_rng(0).normal(0, 0.01, (len(frame), 4))
    frame[["acc_x", "acc_y", "acc_z", "gyro_x"]] += noise
    plain = read(register(), tmp_path / "a", frame)
    stuck = (frame["person"] == "anna") & frame["t"].between(20, 35)
    frame.loc[stuck, "acc_z"] = 0.5
    raw = tmp_path / "b"
    sequences = read(register(), raw, frame)
    notes = read_raw(register(), raw)[1]
    left_out = notes["dropped"]["window in which a sensor cannot be right"]
    # windows of 2 s begin each second: those that touch 15 s, give or take the second of a block
    assert 15 <= left_out == len(plain) - len(sequences) <= 19
    (where,) = notes["first_dropped"]["window in which a sensor cannot be right"]
    assert re.search(r"walks\.csv, anna: 0:(19|20)-0:3[4-6]: acc_z stays at 0\.5 g", where)
    assert (sequences.subjects == "bert").sum() == (plain.subjects == "bert").sum()
