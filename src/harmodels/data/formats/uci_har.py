"""The raw format of UCI HAR: text files with one window of 128 steps a line."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset
from harmodels.data.formats import PHONE, Format, Raw
from harmodels.data.sequences import Sequences
from harmodels.data.text_rows import read_lines, read_rows
from harmodels.errors import DataError

STEPS = 128
SPLITS = ("train", "test")
LABELS = "activity_labels.txt"
EXACT = 2.0**53  # whole numbers below it are exact in float64


def read(dataset: Dataset, folder: Path) -> Raw:
    """Read the inertial signals, subjects and labels of a folder with `activity_labels.txt`.

    The channels name the files of `Inertial Signals`. Windows come in the order of the files,
    training split first; ids are `train/00001`, …. Notes: `dropped`, nothing. Raises DataError
    naming file and line.
    """
    _check_classes(folder / LABELS, dataset.classes)
    parts = [_read_split(folder, split, dataset) for split in SPLITS]
    values = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    counts = [len(part[1]) for part in parts]
    sequences = Sequences.of_equal_length(
        dataset.facts,
        values,
        ids=[f"{s}/{i:05d}" for s, n in zip(SPLITS, counts, strict=True) for i in range(1, n + 1)],
        subjects=np.concatenate([part[2] for part in parts]).astype(np.str_),
        official_split=np.repeat(np.array(SPLITS, dtype=np.str_), counts),
        labels=labels,
    )
    files = [folder / LABELS]
    for split in SPLITS:
        files += [signal_file(folder, split, channel) for channel in dataset.channels]
        files += [folder / split / f"subject_{split}.txt", folder / split / f"y_{split}.txt"]
    return Raw(sequences, {"dropped": {}}, files)


def signal_file(folder: Path, split: str, channel: str) -> Path:
    """Return the path of one channel's windows."""
    return folder / split / "Inertial Signals" / f"{channel}_{split}.txt"


def _read_split(
    folder: Path, split: str, dataset: Dataset
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return values (windows, STEPS, D), labels and subjects of one split."""
    label_file = folder / split / f"y_{split}.txt"
    labels = _read_integers(label_file)
    _refuse_outside(label_file, labels, len(dataset.classes))
    subject_file = folder / split / f"subject_{split}.txt"
    subjects = _read_integers(subject_file)
    _same_lines(subject_file, len(subjects), label_file, len(labels))
    values = np.empty((len(labels), STEPS, len(dataset.channels)), dtype=np.float32)
    for index, channel in enumerate(dataset.channels):
        path = signal_file(folder, split, channel)
        signal = read_rows(path, STEPS, "one window; is the file truncated?")
        _same_lines(path, len(signal), label_file, len(labels))
        values[:, :, index] = signal
    return values, labels - 1, subjects


def _read_integers(path: Path) -> NDArray[np.int64]:
    numbers = read_rows(path, 1, "one a line")[:, 0]
    broken = np.flatnonzero((numbers != np.round(numbers)) | (np.abs(numbers) >= EXACT))
    if len(broken):
        raise DataError(f"{path}, line {broken[0] + 1}: {numbers[broken[0]]} is no whole number")
    return numbers.astype(np.int64)


def _check_classes(path: Path, classes: tuple[str, ...]) -> None:
    """Check that the file lists `1 WALKING` and so on, in the order of the registry."""
    lines = [line.split() for line in read_lines(path)]
    expected = [[str(number), name.upper()] for number, name in enumerate(classes, start=1)]
    for number, row in enumerate(expected):
        found = lines[number] if number < len(lines) else []
        if [word.upper() for word in found] != row:
            raise DataError(
                f"{path}, line {number + 1}: {' '.join(found)!r}, not {' '.join(row)!r}"
            )
    if len(lines) > len(expected):
        raise DataError(f"{path}: {len(lines)} classes, not {len(expected)}")


def _refuse_outside(path: Path, labels: NDArray[np.int64], classes: int) -> None:
    outside = np.flatnonzero((labels < 1) | (labels > classes))
    if len(outside):
        raise DataError(
            f"{path}, line {outside[0] + 1}: label {labels[outside[0]]} is outside 1…{classes}"
        )


def _same_lines(path: Path, lines: int, other: Path, expected: int) -> None:
    if lines != expected:
        raise DataError(f"{path} has {lines} lines, but {other.name} has {expected}")


FORMAT = Format(read, needs=PHONE, may=frozenset({"simulation"}), halves=True, people=True)
