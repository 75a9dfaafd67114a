from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import unpack
from harmodels.data.prepare import prepare, read_raw
from harmodels.data.registry import load_registries
from harmodels.data.sequences import read_sequences
from harmodels.errors import ConfigurationError, DataError

ENTRY = {
    "title": "My walks",
    "licence": "mine",
    "citation": "me",
    "format": "table",
    "path": "walks.csv",
    "archive": {"file": "walks.csv", "user_file": True, "largest_bytes": 10**8},
    "rate_hz": 50,
    "channels": {"acc_x": "g", "acc_y": "g", "acc_z": "g", "gyro_x": "rad/s"},
    "channel_groups": {"acceleration": ["acc_x", "acc_y", "acc_z"]},
    "classes": ["Sitting", "Nordic walking"],
    "window": {"steps": 100, "step": 50, "largest_gap_s": 0.2},
    "table": {"subject": "person", "label": "activity", "time": "t"},
}


@pytest.fixture
def register(tmp_path, repository):
    """Return a function that reads the entry, with changes, from a registry of a user's own."""

    def make(table=None, **changes):
        entry = {**ENTRY, **changes, "table": {**ENTRY["table"], **(table or {})}}
        entry["table"] = {key: value for key, value in entry["table"].items() if value is not None}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({"my-walks": entry}), encoding="utf-8")
        return load_registries([repository / "config" / "datasets.yaml", path])["my-walks"]

    return make


def _recording(rate_hz, seconds=12.0):
    """Two people, each sitting and then walking with slow signals."""
    parts = []
    for person in ("anna", "bert"):
        for index, activity in enumerate(("sitting", "NORDIC WALKING")):
            times = np.arange(round(seconds * rate_hz)) / rate_hz
            slow = np.sin(2 * np.pi * (1 + index) * times + len(parts))
            part = {"t": times + index * seconds, "person": person, "activity": activity}
            part |= {"acc_x": 1 + 0.1 * slow, "acc_y": 0.2 * slow, "acc_z": -0.3 * slow}
            parts.append(pd.DataFrame({**part, "gyro_x": slow}))
    return pd.concat(parts, ignore_index=True)


def _read(dataset, raw, frame):
    raw.mkdir(exist_ok=True)
    path = raw / dataset.path
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return read_raw(dataset, raw)[0]


def test_rate_unit_and_order_of_columns_do_not_matter(register, tmp_path):
    plain = _read(register(), tmp_path / "a", _recording(50))
    assert plain.lengths.tolist() == [100] * len(plain)
    # ⌊(600 − 100) / 50⌋ + 1 windows of each of two activities and people
    assert plain.labels.tolist() == ([0] * 11 + [1] * 11) * 2
    assert plain.subjects.tolist() == ["anna"] * 22 + ["bert"] * 22
    assert plain.ids[[0, 21]].tolist() == ["anna/00001", "anna/00022"]
    assert not plain.official_split.any()
    for rate_hz in (20, 100):
        frame = _recording(rate_hz)
        frame[["acc_x", "acc_y", "acc_z"]] *= 9.80665
        frame["turn"] = np.rad2deg(frame.pop("gyro_x"))
        frame["t"] *= 1000
        units = dict.fromkeys(("acc_x", "acc_y", "acc_z"), "m/s²") | {"gyro_x": "deg/s"}
        layout = {"columns": {"gyro_x": "turn"}, "units": units, "time_unit": "ms"}
        dataset = register(layout, path="walks.parquet")
        other = _read(dataset, tmp_path / "b", frame[frame.columns[::-1]])
        for name in ("ids", "subjects", "labels"):
            assert getattr(other, name).tolist() == getattr(plain, name).tolist()
        inner = other.padded()[:, 25:-25] - plain.padded()[:, 25:-25]
        assert np.abs(inner).max() < 0.05


def test_samples_without_a_time_have_the_recorded_rate(register, tmp_path):
    plain = _read(register(), tmp_path / "a", _recording(100))
    dataset = register({"time": None, "recorded_hz": 100})
    even = _read(dataset, tmp_path / "b", _recording(100).drop(columns="t"))
    np.testing.assert_allclose(even.values, plain.values, atol=1e-6)


def test_dates_are_times(register, tmp_path):
    plain, frame = _read(register(), tmp_path / "a", _recording(50)), _recording(50)
    frame["t"] = pd.Timestamp("2024-05-01T12:00:00") + pd.to_timedelta(frame["t"], unit="s")
    dates = _read(register({"time_unit": "iso"}), tmp_path / "b", frame)
    np.testing.assert_allclose(dates.values, plain.values, atol=1e-5)


def test_a_folder_with_a_file_of_labels_is_read(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    folder.mkdir(parents=True)
    whole = _recording(50)
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


def test_recordings_that_alternate_by_row_are_put_apart(register, tmp_path):
    plain = _read(register(), tmp_path / "a", _recording(50))
    mixed = _recording(50).sort_values("t", kind="stable")
    assert mixed["person"].iloc[:2].tolist() == ["anna", "bert"]
    np.testing.assert_array_equal(_read(register(), tmp_path / "b", mixed).values, plain.values)


def test_a_recording_column_parts_recordings(register, tmp_path):
    frame = _recording(50)
    frame["session"] = np.where(frame["t"] < 6, "morning", "evening")
    sequences = _read(register({"recording": "session"}), tmp_path / "a", frame)
    assert sequences.ids[0] == "anna/morning/00001"
    # 6 s and 6 s of sitting are 5 and 5 windows instead of 11
    assert np.bincount(sequences.labels).tolist() == [20, 22]


def test_gaps_part_windows_and_what_is_dropped_is_counted(register, tmp_path):
    frame = _recording(50)
    frame["acc_x"] = frame["acc_x"].astype(object)
    frame.loc[frame.index[:3], "acc_x"] = ["1_0", np.inf, None]
    frame.loc[frame.index[10:12], "activity"] = ["", "flying"]
    frame = frame.drop(index=range(300, 350))  # a second of sitting
    raw = tmp_path / "raw"
    sequences = _read(register(), raw, frame)
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
        r"walks\.csv: no column 'acc_x'; did you mean 'acx_x'",
    ),
    "no label": (lambda f: f.drop(columns="activity"), "no column 'activity'"),
    "no time": (lambda f: f.drop(columns="t"), "no column 't'"),
    "no class": (lambda f: f.assign(activity="flying"), "none of the classes: 'flying'"),
    "too short": (lambda f: f.iloc[:90], "holds no unbroken 2 s of a class"),
    "empty": (lambda f: f.iloc[:0], "holds no unbroken 2 s"),
    "too fast": (lambda f: f.assign(t=f["t"] / 1000), "cannot be resampled to 50 Hz|no unbroken"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_does_not_fit_is_refused(case, register, tmp_path):
    change, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        _read(register(), tmp_path / "raw", change(_recording(50)))


def test_bytes_that_are_no_table_are_refused(register, tmp_path):
    (tmp_path / "walks.csv").write_bytes(b"\xff\xfe\x00" * 50)
    with pytest.raises(DataError, match=r"cannot read .*walks\.csv as a table"):
        read_raw(register(), tmp_path)


WRONG = {
    "time twice": ({"recorded_hz": 50}, {}, "give either time, the column of the time, or"),
    "no time": ({"time": None}, {}, "give either time"),
    "unknown channel": ({"columns": {"acc_q": "a"}}, {}, "unknown channel 'acc_q'"),
    "wrong unit": ({"units": {"acc_x": "deg/s"}}, {}, r"units\.acc_x: deg/s measures angular"),
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
    _recording(50).to_csv(tmp_path / "mine" / "walks.csv", index=False)
    fetch(dataset, tmp_path / "walks.csv", str(tmp_path / "mine"), progress=False)
    unpack(dataset, tmp_path / "walks.csv", tmp_path / "raw")
    prepare(dataset, tmp_path / "raw", tmp_path / "s.parquet", tmp_path / "card.json")
    assert len(read_sequences(tmp_path / "s.parquet")) == 44
