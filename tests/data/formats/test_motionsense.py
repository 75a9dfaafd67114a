import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harmodels.data.formats.motionsense import GRAVITY, TURN, USER
from harmodels.data.prepare import describe, read_raw
from harmodels.data.resampling import resample
from harmodels.data.simulation.recordings import simulate
from harmodels.errors import DataError

OFFICIAL = "motionsense"
CLASSES = ("downstairs", "jogging", "sitting", "standing", "upstairs", "walking")
COUNTS = dict(zip(CLASSES, (635, 690, 1856, 1672, 784, 1846), strict=True))


@pytest.fixture(scope="module")
def recorded(small_motionsense, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    simulate(small_motionsense, folder)
    return folder


@pytest.fixture
def raw(recorded, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(recorded, tmp_path / "raw")


def test_trials_are_cut_into_windows_of_their_own(small_motionsense, recorded):
    sequences, notes, hashes = read_raw(small_motionsense, recorded)
    # 12 s of a class, at 20 Hz: three trials of 80 steps, or two of 120
    per_person = [3 * 2, 2 * 3, 2 * 3, 2 * 3, 3 * 2, 3 * 2]
    assert np.bincount(sequences.labels).tolist() == [2 * count for count in per_person]
    assert sequences.lengths.tolist() == [40] * len(sequences)
    assert sequences.ids[[0, 1, 2, 71]].tolist() == [
        "1/downstairs/1/00001",
        "1/downstairs/1/00002",
        "1/downstairs/2/00001",
        "2/walking/15/00002",
    ]
    assert sequences.subjects.tolist() == ["1"] * 36 + ["2"] * 36
    assert not sequences.official_split.any()
    assert (notes["files"], notes["rows"], len(hashes)) == (30, 2 * 6 * 600, 30)
    assert notes["copies"] == {}
    assert notes["dropped"] == {"sample of a trial too short for a window": 0}


def test_total_acceleration_is_the_sum_in_the_unit_of_the_channels(small_motionsense, recorded):
    sequences = read_raw(small_motionsense, recorded)[0]
    frame = pd.read_csv(recorded / "A_DeviceMotion_data" / "jog_9" / "sub_2.csv")
    total = frame[list(GRAVITY)].to_numpy() + frame[list(USER)].to_numpy()
    six = np.hstack([total * 9.80665, frame[list(TURN)].to_numpy()])
    expected = resample(np.arange(len(six)) / 50, six, 20.0)[1]
    first = sequences.ids.tolist().index("2/jogging/9/00001")
    found = np.concatenate([sequences[first + window] for window in range(3)])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    in_g = replace(small_motionsense, units=("g",) * 3 + ("deg/s",) * 3)
    other = read_raw(in_g, recorded)[0].values
    np.testing.assert_allclose(other[:, :3] * 9.80665, sequences.values[:, :3], rtol=1e-5)
    np.testing.assert_allclose(np.deg2rad(other[:, 3:]), sequences.values[:, 3:], rtol=1e-5)


def test_only_the_channels_of_the_registry_are_read(small_motionsense, recorded):
    dataset = replace(small_motionsense, channels=("gyro_z", "acc_x"), units=("rad/s", "m/s²"))
    whole = read_raw(small_motionsense, recorded)[0].values
    np.testing.assert_array_equal(read_raw(dataset, recorded)[0].values, whole[:, [5, 0]])


def test_what_macos_leaves_and_notes_are_passed_over(small_motionsense, raw):
    plain = read_raw(small_motionsense, raw)
    folder = raw / "A_DeviceMotion_data"
    (folder / "__MACOSX" / "dws_1").mkdir(parents=True)
    for name in ("__MACOSX/dws_1/._sub_1.csv", "dws_1/._sub_1.csv", ".DS_Store", "README.txt"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    (folder / "dws_1" / "notes.txt").write_text("windy")
    found = read_raw(small_motionsense, raw)
    np.testing.assert_array_equal(found[0].values, plain[0].values)
    assert found[2] == plain[2]


def test_columns_may_lie_in_another_order(small_motionsense, raw):
    plain = read_raw(small_motionsense, raw)[0].values
    file = raw / "A_DeviceMotion_data" / "wlk_7" / "sub_1.csv"
    frame = pd.read_csv(file, index_col=0)
    frame[frame.columns[::-1]].to_csv(file, float_format="%.6f", lineterminator="\n")
    np.testing.assert_array_equal(read_raw(small_motionsense, raw)[0].values, plain)


def test_trials_too_short_for_a_window_are_counted(small_motionsense, raw):
    _lines(lambda lines: lines[:91])(raw / "A_DeviceMotion_data")
    sequences, notes, _ = read_raw(small_motionsense, raw)
    assert "1/downstairs/1/00001" not in sequences.ids
    assert notes["dropped"] == {"sample of a trial too short for a window": 90}


def test_the_one_trial_that_the_authors_published_twice_is_noted(
    small_motionsense, registry, raw, caplog
):
    folder = raw / "A_DeviceMotion_data"
    shutil.copyfile(folder / "sit_5" / "sub_1.csv", folder / "sit_13" / "sub_1.csv")
    entry = replace(small_motionsense, copies=registry["motionsense"].copies)
    sequences, notes, hashes = read_raw(entry, raw)
    assert notes["copies"] == {"sit_13/sub_1.csv": "sit_5/sub_1.csv"}
    assert notes["equal_sequences"] == {"1/sitting/13 = 1/sitting/5": 3}
    assert "hold the same samples" in caplog.text
    assert describe(entry, sequences, notes, hashes)["copies"] == notes["copies"]
    with pytest.raises(DataError, match="holds the samples of .*sit_5.*bring the right one"):
        read_raw(small_motionsense, raw)


FIRST = "dws_1/sub_1.csv"


def _lines(change, name=FIRST):
    """Return a change of the lines of a file."""

    def apply(folder):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join([*change(lines), ""]))

    return apply


def _frame(change, name=FIRST):
    def apply(folder):
        frame = change(pd.read_csv(folder / name, index_col=0)).reset_index(drop=True)
        frame.to_csv(folder / name, lineterminator="\n")

    return apply


def _scaled(columns, factor):
    return _frame(lambda f: f.assign(**{name: f[name] * factor for name in columns}))


def _copy(name):
    def apply(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / FIRST, folder / name)

    return apply


def _copy_of_another_person(folder):
    shutil.copyfile(folder / FIRST, folder / "jog_9" / "sub_2.csv")
    _frame(lambda f: f.iloc[1:], "jog_9/sub_2.csv")(folder)


def _only_a_second(folder):
    for each in folder.iterdir():
        if each.name != "dws_1":
            shutil.rmtree(each)
    (folder / "dws_1" / "sub_2.csv").unlink()
    _lines(lambda lines: lines[:51])(folder)


WRONG = {
    "no column": (
        _frame(lambda f: f.drop(columns="userAcceleration.y")),
        r"dws_1/sub_1\.csv, line 1: no column 'userAcceleration\.y'.*did you mean 'userAcc",
    ),
    "no index": (
        _lines(lambda lines: [line.partition(",")[2] for line in lines]),
        r"sub_1\.csv, line 1: no column ''",
    ),
    "a gap": (
        _lines(lambda lines: lines[:9] + lines[12:]),
        r"sub_1\.csv, line 10: the sample has the number 11 and not 8: .*bring a whole copy",
    ),
    "doubled lines": (
        _lines(lambda lines: lines[:9] + lines[8:]),
        r"line 10: the sample has the number 7 and not 8",
    ),
    "a trial twice": (
        _copy("dws_01/sub_1.csv"),
        r"dws_1/sub_1\.csv is the same trial of the same person as .*dws_01/sub_1\.csv; delete one",
    ),
    "a trial twice in capitals": (_copy("DWS_1/sub_1.csv"), "is the same trial of the same person"),
    "a person twice": (
        _copy("dws_1/sub_01.csv"),
        r"dws_1/sub_1\.csv is the same trial of the same person as .*sub_01\.csv; delete one",
    ),
    "a copy in another folder": (
        _copy("ups_3/sub_1.csv"),
        r"ups_3/sub_1\.csv holds the samples of .*dws_1/sub_1\.csv; bring the right one",
    ),
    "a copy without its first row": (
        _copy_of_another_person,
        r"jog_9/sub_2\.csv and .*dws_1/sub_1\.csv have \d+ rows in common, as recordings of 2",
    ),
    "a folder in a folder": (
        lambda folder: shutil.copytree(folder / "dws_2", folder / "dws_1" / "dws_2"),
        "dws_1/dws_2 is a folder in the folder of a trial; bring the folders as",
    ),
    "an unknown code": (
        lambda folder: (folder / "dws_1").rename(folder / "run_1"),
        r"run_1 is not called <code>_<trial> with a code of dws \(downstairs\), jog",
    ),
    "no trial": (
        lambda folder: (folder / "dws_1").rename(folder / "dws"),
        "dws is not called <code>_<trial>",
    ),
    "an unknown person": (
        _copy("dws_1/sub_3.csv"),
        r"sub_3\.csv is of person 3, but the registry names 1, 2; leave the file out or correct",
    ),
    "another name": (_copy("dws_1/anna.csv"), r"anna\.csv is not called sub_<person>\.csv"),
    "beside the folders": (_copy("sub_1.csv"), r"sub_1\.csv lies in no folder <code>_<trial>"),
    "an empty folder": (
        lambda folder: (folder / "jog_1").mkdir(),
        r"jog_1 holds no file sub_<person>\.csv; bring the folders as the authors' archive",
    ),
    "no folder": (
        lambda folder: [shutil.rmtree(each) for each in folder.iterdir()],
        "holds no folder <code>_<trial>, such as dws_1",
    ),
    "no window": (_only_a_second, "holds no trial of 2 s, the length of a window"),
    "gravity in another unit": (
        _scaled(GRAVITY, 9.80665),
        r"sub_1\.csv, line 2: gravity has the length 9\.\d+, and in g it has 1; bring",
    ),
    "rotation in another unit": (
        _scaled(TURN, 57.29578),
        r"sub_1\.csv: gravity turns as the gyroscope says at 2\d\d\d samples a second",
    ),
    "thinned to 25 Hz": (
        _frame(lambda f: f.iloc[::2], "jog_9/sub_2.csv"),
        r"jog_9/sub_2\.csv: gravity turns as the gyroscope says at 2\d samples a second, and the "
        "registry states recorded_hz: 50",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_as_the_authors_published_it_is_refused(case, small_motionsense, raw):
    change, message = WRONG[case]
    change(raw / "A_DeviceMotion_data")
    with pytest.raises(DataError, match=message):
        read_raw(small_motionsense, raw)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recorded_hz": 100.0}, "at (49|50) samples a second, .*recorded_hz: 100"),
        (
            {"classes": ("downstairs", "jogging")},
            "sit_13 holds sitting, which is none of the classes",
        ),
    ],
)
def test_an_entry_that_says_otherwise_is_refused(changes, message, small_motionsense, recorded):
    with pytest.raises(DataError, match=message):
        read_raw(replace(small_motionsense, **changes), recorded)


@pytest.mark.mirror
def test_the_real_recordings_have_their_published_counts(official):
    sequences, card = official
    assert (card["files"], len(card["sources"]), card["rows"]) == (360, 360, 1_412_865)
    assert card["counts"] == {"all": COUNTS}
    assert len(card["subjects"]["all"]) == 24
    assert card["copies"] == {"sit_13/sub_1.csv": "sit_5/sub_1.csv"}
    assert card["equal_sequences"] == {"1/sitting/13 = 1/sitting/5": 57}
    still = sequences.labels == sequences.facts.classes.index("standing")
    length = np.linalg.norm(sequences.padded()[still][:, :, :3], axis=2).mean()
    assert length == pytest.approx(9.81, abs=0.1)
