import shutil
from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.dataset import Normalise
from harmodels.data.formats.sfinge3d import read
from harmodels.data.prepare import describe, read_raw
from harmodels.data.splits import Draw, draw_splits
from harmodels.errors import DataError

OFFICIAL = "sfinge3d"
CLIPS = {(1, 1): 3, (1, 2): 4, (1, 10): 2, (2, 1): 5}


def _row(frame):
    """20 joints: joint j stands at (frame, j, 0), its quaternion is (0, 0, 0, j + 1)."""
    joints = np.zeros((20, 7))
    joints[:, 0], joints[:, 1] = frame, np.arange(20)
    joints[:, 6] = np.arange(20) + 1
    return joints.reshape(-1)


def _text(frames, separator, end):
    lines = [separator.join(f"{value:g}" for value in _row(f)) + end for f in range(frames)]
    return "\r\n".join([*lines, ""]).encode()


@pytest.fixture
def raw(tmp_path):
    """Two classes, four clips, and two long sequences of 9 and 10 rows with three gestures."""
    for (label, clip), frames in CLIPS.items():
        path = tmp_path / "Dictionary" / str(label) / f"{clip}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_text(frames, ";", ";"))
    (tmp_path / "Sequences").mkdir()
    (tmp_path / "Sequences" / "1.txt").write_bytes(_text(9, ",", ""))
    (tmp_path / "Sequences" / "2.txt").write_bytes(_text(10, ",", ""))
    (tmp_path / "Sequences" / "sequencesGT.csv").write_bytes(b"1,2,2,2,4,1,6,10\n2,1,1,1,3\n")
    return tmp_path


@pytest.fixture
def small(registry):
    return replace(
        registry["sfinge3d"], classes=("one", "two"), path=".", normalise=Normalise(unit_mm=1)
    )


@pytest.fixture
def sequences(raw, small):
    return read(small, raw).sequences


def test_clips_train_and_annotated_gestures_test(sequences):
    trained = ["dictionary/1/1", "dictionary/1/2", "dictionary/1/10", "dictionary/2/1"]
    assert sequences.ids.tolist() == [*trained, "sequences/1/1", "sequences/1/2", "sequences/2/1"]
    assert sequences.official_split.tolist() == ["train"] * 4 + ["test"] * 3
    assert sequences.labels.tolist() == [0, 0, 0, 1, 1, 0, 0]


def test_annotated_rows_count_from_one_and_include_the_last(sequences):
    # rows 2 to 4 of a palm that moves 1 m a row
    np.testing.assert_array_equal(sequences.select_channels(["palm_x"])[4][:, 0], [0, 1000, 2000])
    assert sequences.lengths.tolist() == [3, 4, 2, 5, 3, 4, 3]


def test_positions_are_relative_to_the_palm_of_the_same_row_in_the_registrys_unit(
    sequences, raw, small
):
    clip = sequences.select_channels(["thumb_a_x", "thumb_a_y", "pinky_end_y", "palm_qw"])[3]
    np.testing.assert_array_equal(clip, np.tile([0, 1000, 19000, 1], (5, 1)))
    coarse = read(replace(small, normalise=Normalise(unit_mm=100)), raw).sequences
    assert coarse.select_channels(["thumb_a_y"])[0][0, 0] == 10


def test_the_card_has_fingers_clipped_rows_and_every_file(raw, small):
    card = describe(small, *read_raw(small, raw))
    assert len(card["sources"]) == len(CLIPS) + 3
    assert card["clipped"] == {"sequences/1/2": 1}
    assert list(card["fingers"]) == ["thumb", "index", "middle", "ring", "pinky"]
    assert card["subjects"] == {"test": {}, "train": {}}


def _annotate(text):
    return lambda raw: (raw / "Sequences" / "sequencesGT.csv").write_text(text)


WRONG = {
    "comma in a clip": (
        lambda raw: shutil.copyfile(raw / "Sequences/1.txt", raw / "Dictionary/2/1.txt"),
        r"2/1\.txt, line 1: 1 numbers, not 140 \(20 joints",
    ),
    "semicolon in a sequence": (
        lambda raw: shutil.copyfile(raw / "Dictionary/2/1.txt", raw / "Sequences/1.txt"),
        r"Sequences/1\.txt, line 1: 1 numbers, not 140",
    ),
    "label outside": (_annotate("1,1,3,2,4\n"), r"GT\.csv, line 1: label 3 is outside 1…2"),
    "label zero": (_annotate("1,1,1,2,4\n2,1,0,1,3"), r"GT\.csv, line 2: label 0 is outside 1…2"),
    "unknown class folder": (
        lambda raw: shutil.copytree(raw / "Dictionary/2", raw / "Dictionary/3"),
        "Dictionary/3: label 3 is outside 1…2",
    ),
    "a class without clips": (
        lambda raw: shutil.rmtree(raw / "Dictionary/2"),
        "Dictionary/2 holds no clip",
    ),
    "two rows past the file": (
        _annotate("1,1,1,2,4\n2,1,1,8,12\n"),
        r"GT\.csv, line 2: gesture 1 ends at row 12, but 2\.txt has 10 rows",
    ),
    "end before start": (_annotate("1,1,1,4,2\n"), r"GT\.csv, line 1: rows 4 to 2 are no gesture"),
    "from zero": (_annotate("1,1,1,0,2\n"), r"GT\.csv, line 1: rows 0 to 2 are no gesture"),
    "wrong count": (_annotate("1,2,1,2,4\n"), r"GT\.csv, line 1: 5 numbers; not sequence, count"),
    "no whole number": (_annotate("1,1,1,2,4.5\n"), r"GT\.csv, line 1: .* no list of whole numb"),
    "twice": (_annotate("1,1,1,2,4\n1,1,2,6,8\n"), "line 2: sequence 1 stands on line 1 already"),
    "missing sequence": (_annotate("1,1,1,2,4\n7,1,1,2,4\n"), r"line 2: 7\.txt does not exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(case, raw, small):
    change, message = WRONG[case]
    change(raw)
    with pytest.raises(DataError, match=message):
        read(small, raw)


@pytest.mark.mirror
def test_the_official_archive_has_468_clips_and_278_gestures(official):
    sequences, notes = official
    train = sequences.official_split == "train"
    assert np.bincount(sequences.labels[train]).tolist() == [36] * 13
    assert (~train).sum() == 278
    assert set(sequences.labels[~train]) == set(range(13))
    assert (sequences.lengths.min(), sequences.lengths.max()) == (19, 96)
    assert notes["clipped"] == {"sequences/29/3": 1, "sequences/31/3": 1}
    # the first bone of the index finger has a believable length, in mm
    names = [f"index_{joint}_{axis}" for joint in "ab" for axis in "xyz"]
    ends = sequences.select_channels(names).values * 100
    assert 30 < np.median(np.linalg.norm(ends[:, 3:] - ends[:, :3], axis=1)) < 50
    # validation is drawn from clips of unequal length
    frame = draw_splits(sequences, Draw(validation_per_class=4), seed=1, replicates=2)
    counts = frame[frame["replicate"] == 1]["split"].value_counts().to_dict()
    assert counts == {"train": 416, "validation": 52, "test": 278}


@pytest.mark.parametrize(
    ("gestures", "shared"),
    [
        ("1,2,2,2,4,1,5,9", {}),
        ("1,2,2,2,4,1,4,9", {"sequences/1/2": 1}),
        ("1,3,2,2,4,1,6,9,1,1,7", {"sequences/1/3": 5}),
    ],
)
def test_rows_that_two_gestures_share_are_counted(gestures, shared, raw, small):
    (raw / "Sequences" / "sequencesGT.csv").write_text(f"{gestures}\n2,1,1,1,3\n")
    assert read(small, raw).notes["overlapping"] == shared
