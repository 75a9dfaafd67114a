import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import unpack
from harmodels.data.dataset import Dataset, Normalise
from harmodels.data.formats.sfinge3d import read_sfinge3d
from harmodels.data.prepare import describe, read_raw
from harmodels.data.sequences import Sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.errors import DataError

MILLIMETRES = Normalise(unit_mm=1)
CLIPS = {(1, 1): 3, (1, 2): 4, (1, 10): 2, (2, 1): 5}


def _row(frame: int) -> np.ndarray:
    """20 joints: joint j stands at (frame, j, 0), its quaternion is (0, 0, 0, j + 1)."""
    joints = np.zeros((20, 7))
    joints[:, 0], joints[:, 1] = frame, np.arange(20)
    joints[:, 6] = np.arange(20) + 1
    return joints.reshape(-1)


def _text(frames: int, separator: str, end: str) -> bytes:
    lines = [separator.join(f"{value:g}" for value in _row(f)) + end for f in range(frames)]
    return "\r\n".join([*lines, ""]).encode()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
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
def small(registry: dict[str, Dataset]) -> Dataset:
    return replace(registry["sfinge3d"], classes=("one", "two"), path=".")


@pytest.fixture
def read(raw: Path, small: Dataset) -> Callable[[], Sequences]:
    return lambda: read_sfinge3d(raw, small.facts, MILLIMETRES)[0]


def test_clips_train_and_annotated_gestures_test(read: Callable[[], Sequences]) -> None:
    sequences = read()
    trained = ["dictionary/1/1", "dictionary/1/2", "dictionary/1/10", "dictionary/2/1"]
    assert sequences.ids.tolist() == [*trained, "sequences/1/1", "sequences/1/2", "sequences/2/1"]
    assert sequences.official_split.tolist() == ["train"] * 4 + ["test"] * 3
    assert sequences.labels.tolist() == [0, 0, 0, 1, 1, 0, 0]


def test_annotated_rows_count_from_one_and_include_the_last(
    read: Callable[[], Sequences],
) -> None:
    gesture = read().select_channels(["palm_x"])[4]
    # rows 2 to 4 of a palm that moves 1 m a row
    np.testing.assert_array_equal(gesture[:, 0], [0, 1000, 2000])
    assert read().lengths.tolist() == [3, 4, 2, 5, 3, 4, 3]


def test_an_end_one_row_past_the_file_is_clipped_and_counted(raw: Path, small: Dataset) -> None:
    _, notes = read_sfinge3d(raw, small.facts, MILLIMETRES)
    assert notes["clipped"] == {"sequences/1/2": 1}


def test_positions_are_relative_to_the_palm_of_the_same_row(
    read: Callable[[], Sequences],
) -> None:
    clip = read().select_channels(["thumb_a_x", "thumb_a_y", "pinky_end_y", "palm_qw"])[3]
    np.testing.assert_array_equal(clip, np.tile([0, 1000, 19000, 1], (5, 1)))


def test_the_unit_is_the_registrys(raw: Path, small: Dataset) -> None:
    sequences, _ = read_sfinge3d(raw, small.facts, Normalise(unit_mm=100))
    assert sequences.select_channels(["thumb_a_y"])[0][0, 0] == 10


def test_the_card_has_fingers_clipped_rows_and_every_file(raw: Path, small: Dataset) -> None:
    sequences, notes, hashes = read_raw(small, raw)
    card = describe(small, sequences, notes, hashes)
    assert len(card["sources"]) == len(CLIPS) + 3
    assert card["clipped"] == {"sequences/1/2": 1}
    assert list(card["fingers"]) == ["thumb", "index", "middle", "ring", "pinky"]
    assert card["subjects"] == {"test": {}, "train": {}}


def _annotate(text: str) -> Callable[[Path], object]:
    return lambda raw: (raw / "Sequences" / "sequencesGT.csv").write_text(text)


def _change(name: str, line: int, change: Callable[[str], str]) -> Callable[[Path], object]:
    def act(raw: Path) -> None:
        lines = (raw / name).read_text().splitlines()
        lines[line - 1] = change(lines[line - 1])
        (raw / name).write_text("\n".join(lines))

    return act


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing joint": (
        _change("Dictionary/1/2.txt", 3, lambda text: ";".join(text.split(";")[:133]) + ";"),
        r"1/2\.txt, line 3: 133 numbers, not 140 \(20 joints",
    ),
    "no number": (
        _change("Sequences/2.txt", 10, lambda text: text.replace("9", "nine", 1)),
        r"2\.txt, line 10: 'nine' in column 1 is not a finite number",
    ),
    "NaN": (
        _change("Dictionary/2/1.txt", 1, lambda text: "NaN" + text[1:]),
        r"2/1\.txt, line 1: 'NaN' in column 1 is not a finite number",
    ),
    "wrong separator": (
        _change("Dictionary/2/1.txt", 2, lambda text: text.replace(";", ",")),
        r"2/1\.txt, line 2: 1 numbers, not 140",
    ),
    "empty clip": (
        lambda raw: (raw / "Dictionary/1/1.txt").write_text("\n"),
        r"1/1\.txt, line 1: the file is empty",
    ),
    "empty annotations": (_annotate(""), r"sequencesGT\.csv, line 1: the file is empty"),
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
    "no text": (
        lambda raw: (raw / "Sequences/1.txt").write_bytes(b"\xff\xfe\x00"),
        r"cannot read .*1\.txt: it is no text",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(
    case: str, raw: Path, read: Callable[[], Sequences]
) -> None:
    change, message = WRONG[case]
    change(raw)
    with pytest.raises(DataError, match=message):
        read()


@pytest.fixture(scope="module")
def official(
    registry: dict[str, Dataset], mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sequences, dict]:
    dataset = registry["sfinge3d"]
    folder = tmp_path_factory.mktemp("sfinge3d")
    assert dataset.archive is not None
    archive = folder / dataset.archive.file
    fetch(dataset, archive, str(mirror), progress=False)
    unpack(dataset, archive, folder / "raw")
    return read_raw(dataset, folder / "raw")[:2]


@pytest.mark.mirror
def test_the_official_archive_has_468_clips_and_278_gestures(
    official: tuple[Sequences, dict],
) -> None:
    sequences, notes = official
    train = sequences.official_split == "train"
    assert np.bincount(sequences.labels[train]).tolist() == [36] * 13
    assert (~train).sum() == 278
    assert set(sequences.labels[~train]) == set(range(13))
    assert (sequences.lengths.min(), sequences.lengths.max()) == (19, 96)
    assert notes["clipped"] == {"sequences/29/3": 1, "sequences/31/3": 1}


@pytest.mark.mirror
def test_the_first_bone_of_the_index_finger_has_a_believable_length(
    official: tuple[Sequences, dict],
) -> None:
    names = [f"index_{joint}_{axis}" for joint in "ab" for axis in "xyz"]
    ends = official[0].select_channels(names).values * 100
    assert 30 < np.median(np.linalg.norm(ends[:, 3:] - ends[:, :3], axis=1)) < 50


@pytest.mark.mirror
def test_validation_is_drawn_from_clips_of_unequal_length(
    official: tuple[Sequences, dict],
) -> None:
    frame = draw_splits(official[0], Draw(validation_per_class=4), seed=1, replicates=2)
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
def test_rows_that_two_gestures_share_are_counted(
    gestures: str, shared: dict[str, int], raw: Path, small: Dataset
) -> None:
    (raw / "Sequences" / "sequencesGT.csv").write_text(f"{gestures}\n2,1,1,1,3\n")
    assert read_sfinge3d(raw, small.facts, MILLIMETRES)[1]["overlapping"] == shared
