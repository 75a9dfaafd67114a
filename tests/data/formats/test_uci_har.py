from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import extract
from harmodels.data.dataset import Dataset
from harmodels.data.facts import SequenceFacts
from harmodels.data.formats.uci_har import read_uci_har, signal_file
from harmodels.errors import DataError

FACTS = SequenceFacts("toy", ("walking", "sitting"), ("acc_x", "acc_y"), ("g", "g"), 50.0)
LINES = {"train": 3, "test": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Values are line + 0.5 in x and −line in y; lines are counted from 1."""
    files = {tmp_path / "activity_labels.txt": "1 WALKING\r\n2 SITTING\r\n"}
    for half, count in LINES.items():
        lines = range(1, count + 1)
        files[tmp_path / half / f"y_{half}.txt"] = "".join(f"{1 + n % 2}\r\n" for n in lines)
        files[tmp_path / half / f"subject_{half}.txt"] = "".join(f"{n + 6}\r\n" for n in lines)
        for channel, sign, offset in (("acc_x", 1, 0.5), ("acc_y", -1, 0.0)):
            rows = [" ".join([f"{sign * n + offset:.7e}"] * 128) for n in lines]
            files[signal_file(tmp_path, half, channel)] = "\r\n".join([*rows, ""])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


def _edit(path: Path, change: Callable[[list[str]], None]) -> None:
    lines = path.read_bytes().decode().split("\r\n")
    change(lines)
    path.write_bytes("\r\n".join(lines).encode())


def test_windows_come_in_the_order_of_the_files(folder: Path) -> None:
    sequences, _ = read_uci_har(folder, FACTS)
    assert sequences.ids.tolist() == [
        "train/00001",
        "train/00002",
        "train/00003",
        "test/00001",
        "test/00002",
    ]
    assert sequences.official_split.tolist() == ["train"] * 3 + ["test"] * 2
    assert sequences.subjects.tolist() == ["7", "8", "9", "7", "8"]


def test_labels_begin_at_zero(folder: Path) -> None:
    assert read_uci_har(folder, FACTS)[0].labels.tolist() == [1, 0, 1, 1, 0]


def test_channels_keep_their_place(folder: Path) -> None:
    sequences, _ = read_uci_har(folder, FACTS)
    assert sequences.lengths.tolist() == [128] * 5
    np.testing.assert_array_equal(sequences[1], np.tile(np.float32([2.5, -2.0]), (128, 1)))


BROKEN: dict[str, tuple[str, Callable[[list[str]], None], str]] = {
    "short line": (
        "train/Inertial Signals/acc_y_train.txt",
        lambda lines: lines.__setitem__(1, lines[1][:-16]),
        "acc_y_train.txt, line 2: 127 numbers, not 128",
    ),
    "word": (
        "test/Inertial Signals/acc_x_test.txt",
        lambda lines: lines.__setitem__(1, "x " + lines[1].split(" ", 1)[1]),
        "acc_x_test.txt, line 2: 'x' in column 1 is not a finite number",
    ),
    "NaN": (
        "test/Inertial Signals/acc_x_test.txt",
        lambda lines: lines.__setitem__(0, "NaN " + lines[0].split(" ", 1)[1]),
        "acc_x_test.txt, line 1: 'NaN' in column 1 is not a finite number",
    ),
    "underscore in a number": (
        "test/Inertial Signals/acc_x_test.txt",
        lambda lines: lines.__setitem__(0, "1_0 " + lines[0].split(" ", 1)[1]),
        "acc_x_test.txt, line 1: '1_0' in column 1 is not a finite number",
    ),
    "digits of another script": (
        "test/Inertial Signals/acc_x_test.txt",
        lambda lines: lines.__setitem__(0, "١٢ " + lines[0].split(" ", 1)[1]),
        "acc_x_test.txt, line 1: '١٢' in column 1 is not a finite number",
    ),
    "label with an underscore": (
        "train/y_train.txt",
        lambda lines: lines.__setitem__(2, "0_1"),
        "y_train.txt, line 3: '0_1' in column 1",
    ),
    "missing line": (
        "train/Inertial Signals/acc_x_train.txt",
        lambda lines: lines.pop(0),
        "acc_x_train.txt has 2 lines, but y_train.txt has 3",
    ),
    "label outside": (
        "train/y_train.txt",
        lambda lines: lines.__setitem__(2, "3"),
        "y_train.txt, line 3: label 3 is outside 1…2",
    ),
    "broken label": (
        "train/y_train.txt",
        lambda lines: lines.__setitem__(2, "1.5"),
        "y_train.txt, line 3: 1.5 is no whole number",
    ),
    "fewer subjects": (
        "test/subject_test.txt",
        lambda lines: lines.pop(0),
        "subject_test.txt has 1 lines, but y_test.txt has 2",
    ),
    "other classes": (
        "activity_labels.txt",
        lambda lines: lines.__setitem__(1, "2 STANDING"),
        "activity_labels.txt, line 2: '2 STANDING', not '2 SITTING'",
    ),
    "more classes": (
        "activity_labels.txt",
        lambda lines: lines.insert(2, "3 LAYING"),
        "activity_labels.txt: 3 classes, not 2",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_the_line(case: str, folder: Path) -> None:
    file, change, message = BROKEN[case]
    _edit(folder / file, change)
    with pytest.raises(DataError, match=message):
        read_uci_har(folder, FACTS)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "test" / "y_test.txt").unlink()
    with pytest.raises(DataError, match=r"cannot read .*y_test\.txt"):
        read_uci_har(folder, FACTS)


@pytest.mark.mirror
def test_the_real_recordings_have_their_published_counts(
    mirror: Path, registry: dict[str, Dataset], tmp_path: Path
) -> None:
    dataset = registry["uci-har"]
    assert dataset.archive is not None
    target = tmp_path / dataset.archive.file
    fetch(dataset, target, str(mirror), progress=False)
    extract(target, tmp_path / "raw", dataset.archive.checksums)
    sequences, _ = read_uci_har(tmp_path / "raw" / dataset.path, dataset.facts)
    counts = {
        half: np.bincount(sequences.labels[sequences.official_split == half]).tolist()
        for half in ("train", "test")
    }
    assert counts == {
        "train": [1226, 1073, 986, 1286, 1374, 1407],
        "test": [496, 471, 420, 491, 532, 537],
    }
    # standing upright, gravity lies along x of the phone at the waist
    upright = sequences.labels == dataset.classes.index("standing")
    vertical = sequences.padded()[upright][:, :, 0].mean()
    assert vertical == pytest.approx(1.0, abs=0.05)
