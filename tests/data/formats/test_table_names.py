"""Who and what the rows of a user's table are of."""

import numpy as np
import pandas as pd
import pytest
import yaml

from harmodels.data.prepare import read_raw
from harmodels.errors import DataError
from tests.data.formats.own_tables import read, recording

NAMES = {
    "words for missing values": (("NA", "None"), ["NA", "None"]),
    "zeros": (("007", "010"), ["007", "010"]),
    "numbers with a point": (("1.0", "2.0"), ["1", "2"]),
    "numbers in two forms": (("1", "2.0"), ["1", "2"]),
    "versions": (("1.5", "1.50a"), ["1.5", "1.50a"]),
    "true and false": (("True", "nan"), ["True", "nan"]),
    "composed letters": (("Zo\u0065\u0308", "null"), ["Zo\u00eb", "null"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_people_are_text(case, register, tmp_path):
    written, people = NAMES[case]
    frame = recording(50)
    frame["person"] = frame["person"].map(dict(zip(("anna", "bert"), written, strict=True)))
    sequences = read(register(), tmp_path / "raw", frame)
    assert np.unique(sequences.subjects).tolist() == people


@pytest.mark.parametrize("names", [("7", "007"), ("Anna", "anna"), ("p 1", "p_1"), ("1.0", "1")])
def test_two_names_of_perhaps_one_person_are_refused(names, register, tmp_path):
    frame = recording(50)
    frame["person"] = frame["person"].map(dict(zip(("anna", "bert"), names, strict=True)))
    frame.loc[frame.index[-1], "person"] = "somebody"  # not all are numbers
    with pytest.raises(DataError, match=r"of .*walks\.csv may be one person: write"):
        read(register(), tmp_path / "raw", frame)


def test_people_of_two_files_with_numbers_and_one_blank_are_the_same(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    folder.mkdir(parents=True)
    frame = recording(50)
    frame["person"] = frame["person"].map({"anna": 1, "bert": 2})
    frame.iloc[::2].to_csv(folder / "day1.csv", index=False)
    blank = frame.iloc[1::2].astype({"person": "float"})
    blank.loc[blank.index[-1], "person"] = np.nan
    blank.to_csv(folder / "day2.csv", index=False)
    assert "2.0" in (folder / "day2.csv").read_text()
    sequences, notes, _ = read_raw(register(path="walks"), tmp_path / "raw")
    assert set(sequences.subjects) == {"1", "2"}
    assert notes["dropped"]["row without subject or label"] == 1
    assert notes["mended"][0] == "people are written as numbers: 1.0 is read as 1"


@pytest.mark.parametrize("labels", [("1", "2"), ("1.0", "2.0"), ("sit down", "WALK")])
def test_labels_are_mapped(labels, register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    frame["activity"] = np.where(frame["activity"] == "sitting", *labels)
    mapping = {1: "sitting", "2": "Nordic walking", "Sit-Down": "Sitting", "walk": "nordic_walking"}
    mapped = read(register({"labels": mapping}), tmp_path / "b", frame)
    np.testing.assert_array_equal(mapped.labels, plain.labels)


def test_the_mapping_that_is_advised_helps(register, tmp_path):
    plain, frame = read(register(), tmp_path / "a", recording(50)), recording(50)
    frame["activity"] = frame["activity"].replace("sitting", "Sit")
    with pytest.raises(DataError, match=r"labels: {\"Sit\": Sitting}") as caught:
        read(register(), tmp_path / "b", frame)
    advised = yaml.safe_load(str(caught.value).partition("labels: ")[2].partition(";")[0])
    mapped = read(register({"labels": advised}), tmp_path / "b", frame)
    np.testing.assert_array_equal(mapped.labels, plain.labels)


def _in_files(folder, frame, name):
    for (person, activity), part in frame.groupby(["person", "activity"]):
        path = folder / name.format(person=person, activity=activity)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.drop(columns=["person", "activity"]).to_csv(path, index=False)


PATTERNS = {
    "{person}/{activity}-*.csv": "{person}/{activity}-01.csv",
    "{activity}/**/{person}.csv": "{activity}/a/b/{person}.CSV",
    "{person}_{activity}.txt": "{person}_{activity}.txt",
    "[{person}] ({activity}).csv": "[{person}] ({activity}).csv",
    "**/{person}+{activity}.t?v": "day 1/{person}+{activity}.tsv",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_paths_tell_person_and_activity(pattern, register, tmp_path):
    _in_files(tmp_path / "raw" / "walks", recording(50), PATTERNS[pattern])
    (tmp_path / "raw" / "walks" / "notes.pdf").write_bytes(b"%PDF")
    dataset = register({"files": pattern}, path="walks")
    sequences, notes, _ = read_raw(dataset, tmp_path / "raw")
    assert np.unique(sequences.subjects).tolist() == ["anna", "bert"]
    assert np.bincount(sequences.labels).tolist() == [22, 22]
    assert notes["unread"] == {"notes.pdf": f"does not fit the pattern {pattern}"}


def test_a_pattern_that_fits_no_file_is_refused(register, tmp_path):
    _in_files(tmp_path / "raw" / "walks", recording(50), "{person}-{activity}.csv")
    dataset = register({"files": "{person}/{activity}.csv"}, path="walks")
    with pytest.raises(DataError, match=r"no file that is read: anna-NORDIC WALKING\.csv \(does"):
        read_raw(dataset, tmp_path / "raw")


def test_the_same_content_is_read_once_and_said(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    folder.mkdir(parents=True)
    for name in ("a.csv", "copy of a.csv"):
        recording(50).to_csv(folder / name, index=False)
    recording(50).to_csv(folder / "other line ends.csv", index=False, lineterminator="\r\n")
    sequences, notes, _ = read_raw(register(path="walks"), tmp_path / "raw")
    assert len(sequences) == 44
    assert notes["same_content"] == {"copy of a.csv": "a.csv"}
    assert notes["dropped"]["sample that is there twice"] == 2400


def test_the_same_content_under_two_names_of_people_is_refused(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    _in_files(folder, recording(50), "{person}/{activity}.csv")
    (folder / "anna" / "sitting.csv").write_bytes((folder / "bert" / "sitting.csv").read_bytes())
    dataset = register({"files": "{person}/{activity}.csv"}, path="walks")
    with pytest.raises(DataError, match="hold the same bytes, but are of 'bert'"):
        read_raw(dataset, tmp_path / "raw")


def test_the_same_samples_of_two_people_are_refused(register, tmp_path):
    frame = recording(50)
    frame = pd.concat([frame, frame[frame["person"] == "anna"].assign(person="carl")])
    with pytest.raises(DataError, match="hold the same samples, as Sitting of carl and as Sitting"):
        read(register(), tmp_path / "raw", frame)


def test_a_copy_without_its_first_row_is_refused_and_the_remedy_leads_on(register, tmp_path):
    frame = recording(50)
    frame["gyro_x"] += np.random.default_rng(0).normal(size=len(frame)) * 0.01
    sat = (frame["person"] == "anna") & (frame["activity"] == "sitting")
    copy = frame[sat].assign(person="carl").iloc[1:]
    says = (
        r"carl and .*anna have 599 rows in common, as recordings of carl and anna: .*; remove one"
    )
    with pytest.raises(DataError, match=says):
        read(register(), tmp_path / "raw", pd.concat([frame, copy]))
    assert len(read(register(), tmp_path / "raw", frame))


def test_a_person_with_all_signs_turned_is_said(register, tmp_path):
    parts = [recording(50), recording(50).replace({"anna": "carl", "bert": "dora"})]
    frame = pd.concat(parts, ignore_index=True)
    axes, carl = ["acc_x", "acc_y", "acc_z"], frame["person"] == "carl"
    frame[axes] += np.random.default_rng(0).normal(0, 0.01, (len(frame), 3))
    read(register(), tmp_path / "raw", frame)
    assert not read_raw(register(), tmp_path / "raw")[1]["mended"]
    frame.loc[carl, axes] *= -1
    read(register(), tmp_path / "raw", frame)
    (note,) = read_raw(register(), tmp_path / "raw")[1]["mended"]
    assert note.startswith("gravity in acc of carl points opposite to that of the others")


def test_a_file_that_is_no_recording_is_refused_with_what_helps(register, tmp_path):
    folder = tmp_path / "raw" / "walks"
    _in_files(folder, recording(50), "{person}-{activity}.csv")
    (folder / "ages.csv").write_text("name,age\nanna,31\nbert,29\n")
    with pytest.raises(DataError, match=r"Where ages\.csv is no recording.*files: PATTERN"):
        read_raw(register(path="walks"), tmp_path / "raw")
    dataset = register({"files": "{person}-{activity}.csv"}, path="walks")
    assert len(read_raw(dataset, tmp_path / "raw")[0]) == 44


def test_rows_that_are_there_twice_count_once(register, tmp_path):
    plain = read(register(), tmp_path / "a", recording(50))
    twice = recording(50).loc[np.repeat(np.arange(2400), 2)]
    np.testing.assert_allclose(
        read(register(), tmp_path / "b", twice).values, plain.values, atol=1e-6
    )
