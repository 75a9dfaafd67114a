"""Labels of a user's recordings as intervals of time."""

import numpy as np
import pandas as pd
import pytest

from harmodels.data.prepare import read_raw
from harmodels.errors import DataError
from tests.data.formats.own_tables import read, recording

START = pd.Timestamp("2024-05-01T12:00:00")


def _dated(seconds, start=START):
    return start + pd.to_timedelta(seconds, unit="s")


@pytest.fixture
def folder(tmp_path):
    """Write a file of each person, with times as `clock` makes them; return intervals in s."""

    def write(clock=lambda seconds: seconds, name="{person}.csv"):
        (tmp_path / "raw" / "walks").mkdir(parents=True)
        rows = []
        for person, part in recording(50).groupby("person"):
            file = name.format(person=person)
            part = part.assign(t=clock(part["t"])).drop(columns=["activity", "person"])
            part.to_csv(tmp_path / "raw" / "walks" / file, index=False)
            for activity, start in (("sitting", 0.0), ("NORDIC WALKING", 12.0)):
                rows.append([file, person, activity, start, start + 12])
        return pd.DataFrame(rows, columns=["file", "person", "activity", "start", "end"])

    return write


@pytest.fixture
def labelled(register, tmp_path):
    """Read the folder with these intervals."""

    def make(intervals, **table):
        intervals.to_csv(tmp_path / "raw" / "walks" / "labels.csv", index=False)
        layout = {"intervals": "labels.csv", **table}
        return read_raw(register(layout, path="walks"), tmp_path / "raw")

    return make


@pytest.fixture
def plain(register, tmp_path):
    return read(register(), tmp_path / "plain", recording(50))


def _since(seconds, start):
    return lambda frame: frame.assign(
        **{name: start + seconds * frame[name] for name in ("start", "end")}
    )


def _in_dates(start):
    return lambda frame: frame.assign(
        **{name: _dated(frame[name], start) for name in ("start", "end")}
    )


CLOCKS = {
    "seconds": (lambda t: t, lambda f: f),
    "seconds since 1970": (lambda t: t + 1.7e9, _since(1, 1.7e9)),
    "milliseconds since 1970": (lambda t: ((t + 1.7e9) * 1000).astype(int), _since(1, 1.7e9)),
    "since the first sample": (lambda t: t + 1.7e9, lambda f: f),
    "dates": (_dated, _in_dates(START)),
    "dates since the first sample": (_dated, lambda f: f),
    "dates of two zones": (
        lambda t: _dated(t, START.tz_localize("+02:00")),
        _in_dates((START - pd.Timedelta(hours=2)).tz_localize("UTC")),
    ),
    "in no order": (lambda t: t, lambda f: f.sample(frac=1, random_state=0)),
    "without ends": (lambda t: t, lambda f: f.drop(columns="end")),
    "parted in two": (
        lambda t: t,
        lambda f: pd.concat([f.assign(end=f["start"] + 8), f.assign(start=f["start"] + 7)]),
    ),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_intervals_are_in_the_clock_of_the_recording(case, folder, labelled, plain):
    clock, change = CLOCKS[case]
    sequences, notes, hashes = labelled(change(folder(clock)))
    assert sequences.labels.tolist() == plain.labels.tolist()
    assert sequences.subjects.tolist() == plain.subjects.tolist()
    np.testing.assert_allclose(sequences.values, plain.values, atol=1e-5)
    assert "walks/labels.csv" in hashes
    assert set(notes["dropped"].values()) == {0}


def test_people_of_one_table_have_their_own_intervals(register, plain, folder, tmp_path):
    intervals = folder().drop(columns="file")
    intervals.to_csv(tmp_path / "labels.csv", index=False)
    recording(50).drop(columns="activity").to_csv(tmp_path / "walks.csv", index=False)
    dataset = register({"intervals": "labels.csv"}, archive=None, path="", recordings="walks.csv")
    np.testing.assert_array_equal(read_raw(dataset, None)[0].values, plain.values)


def test_people_of_the_path_have_their_own_intervals(folder, labelled, plain):
    intervals = folder().drop(columns="file")
    sequences = labelled(intervals, files="{person}.csv")[0]
    np.testing.assert_array_equal(sequences.labels, plain.labels)


def test_what_is_outside_the_intervals_has_no_label(folder, labelled):
    intervals = folder()
    intervals["end"] -= 6
    sequences, notes, _ = labelled(intervals)
    assert np.bincount(sequences.labels).tolist() == [10, 10]
    assert notes["dropped"]["row without subject or label"] == 1200


def test_intervals_beyond_the_recording_are_said(folder, labelled):
    intervals = folder()
    intervals["end"] = intervals["end"].replace(24.0, 36.0)
    notes = labelled(intervals)[1]
    assert (
        "recordings cover 66.6% of the intervals; line 3 (12.0 to 36.0) lacks" in notes["mended"][0]
    )


def test_a_file_without_intervals_is_not_read_and_said(folder, labelled, tmp_path):
    intervals = folder()
    recording(50).to_csv(tmp_path / "raw" / "walks" / "other.csv", index=False)
    assert labelled(intervals)[1]["unread"] == {"other": "labels.csv holds no interval of it"}


def _put(row, **cells):
    def change(frame):
        for name, cell in cells.items():
            frame[name] = frame[name].astype(object)
            frame.loc[row, name] = cell
        return frame

    return change


REFUSED = {
    "overlap": (_put(1, start=11.5), "line 3: NORDIC WALKING begins at 11.5, before sitting of li"),
    "no length": (_put(0, end=0.0), r"line 2: ends at 0\.0, not after its start 0\.0"),
    "unknown file": (_put(2, file="bart.csv"), "line 4: unknown file 'bart.csv' .did you mean"),
    "no time": (_put(1, end="soon"), "line 3: 'soon' is no time"),
    "whose": (
        lambda f: f.drop(columns=["file", "person"]),
        "no column 'person'|says of none of its intervals whose they are",
    ),
    "other unit": (
        _since(1000, 0.0),
        r"cover 0\.1% of the intervals; line 2 \(0\.0 to 12000\.0\) lacks .* seconds of the rec",
    ),
    "other day": (
        lambda f: f.assign(start=f["start"] + 5000, end=f["end"] + 5000),
        r"cover 0\.0% of the intervals; line 2 .*lacks 12\.0 s",
    ),
    "no column": (lambda f: f.rename(columns={"start": "from"}), r"labels\.csv: no column 'start'"),
    "dates": (_in_dates(START), "times of the intervals are dates, those of the recording numbers"),
    "nobody": (lambda f: f.iloc[:0], r"labels\.csv holds no"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_intervals_are_refused(case, folder, labelled):
    change, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        labelled(change(folder()))


def test_a_date_without_its_zone_is_refused(folder, labelled):
    intervals = folder(lambda t: _dated(t, START.tz_localize("+02:00")))
    with pytest.raises(DataError, match="write both alike"):
        labelled(_in_dates(START)(intervals))


def test_a_person_without_a_recording_is_refused(folder, labelled):
    intervals = folder().drop(columns="file")
    intervals.loc[3, "person"] = "barbara"
    with pytest.raises(DataError, match=r"line 5: unknown person 'barbara'"):
        labelled(intervals, files="{person}.csv")
