"""The raw format of SFINGE3D: segmented clips for training, annotated long sequences for tests."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset
from harmodels.data.formats import Format, Raw
from harmodels.data.sequences import Sequences, offsets_of
from harmodels.data.skeletons import AXES, FINGERS, Skeleton
from harmodels.data.text_rows import read_lines, read_rows
from harmodels.errors import DataError

CLIPS = "Dictionary"
LONG = "Sequences"
ANNOTATIONS = "Sequences/sequencesGT.csv"
PER_JOINT = 7  # position x y z, quaternion x y z w
MEANING = "20 joints, of each the position x y z and the quaternion x y z w"
TOLERANCE = 1  # rows that an annotated gesture may reach past its file


def _skeleton() -> Skeleton:
    """Palm, then finger by finger; `a` is the joint next to the palm.

    The authors state no unit. Metres fit: the first bone of the index finger is 0.036 long.
    """
    parts = dict.fromkeys(FINGERS, ("a", "b", "c", "end")) | {"thumb": ("a", "b", "end")}
    fingers = {finger: tuple(f"{finger}_{part}" for part in parts[finger]) for finger in FINGERS}
    joints = ("palm", *(joint for finger in FINGERS for joint in fingers[finger]))
    turn = tuple(f"palm_q{axis}" for axis in (*AXES, "w"))
    return Skeleton("palm", joints, fingers, unit_mm=1000.0, relative=True, turn=turn)


SKELETON = _skeleton()
COLUMNS = PER_JOINT * len(SKELETON.joints)


@dataclass(frozen=True)
class Gesture:
    """One annotated gesture: rows `start` to `stop` (exclusive, from 0) of a long sequence."""

    sequence: int
    place: int
    label: int
    start: int
    stop: int
    line: int

    @property
    def id(self) -> str:
        """The sequence's name in the data set."""
        return f"sequences/{self.sequence}/{self.place}"


def read(dataset: Dataset, folder: Path) -> Raw:
    """Read the clips of `Dictionary` and the annotated gestures of `Sequences`.

    Training clips come first; ids are `dictionary/<class>/<clip>` and
    `sequences/<sequence>/<gesture>`; class folder 1 is the label 0. The files do not say who was
    recorded. Notes: `clipped`, rows cut off by id, of gestures whose end is annotated past their
    file; `overlapping`, by id, rows that a gesture shares with an earlier one of its sequence.
    Raises DataError naming file and line.
    """
    assert dataset.normalise is not None
    classes = len(dataset.classes)
    clips = _clips(folder / CLIPS, classes)
    gestures = _annotations(folder / ANNOTATIONS, classes)
    scale = SKELETON.unit_mm / dataset.normalise.unit_mm
    parts = [_hand_channels(_rows(path), scale) for path, _ in clips]
    clipped: dict[str, int] = {}
    recordings = {gesture.sequence: gesture.line for gesture in gestures}
    rows = {number: _recording(folder, number, line) for number, line in recordings.items()}
    for gesture in gestures:
        whole = rows[gesture.sequence]
        beyond = gesture.stop - len(whole)
        if beyond > TOLERANCE:
            raise DataError(
                f"{folder / ANNOTATIONS}, line {gesture.line}: gesture {gesture.place} ends at row "
                f"{gesture.stop}, but {gesture.sequence}.txt has {len(whole)} rows"
            )
        if beyond > 0:
            clipped[gesture.id] = beyond
        parts.append(_hand_channels(whole[gesture.start : gesture.stop], scale))
    ids = [f"dictionary/{label + 1}/{path.stem}" for path, label in clips]
    sequences = Sequences(
        facts=dataset.facts,
        ids=np.array([*ids, *(gesture.id for gesture in gestures)], dtype=np.str_),
        subjects=np.full(len(parts), "", dtype=np.str_),
        official_split=np.repeat(
            np.array(["train", "test"], dtype=np.str_), [len(clips), len(gestures)]
        ),
        labels=np.array([*(label for _, label in clips), *(g.label for g in gestures)]),
        offsets=offsets_of([len(part) for part in parts]),
        values=np.concatenate(parts),
    )
    notes = {"dropped": {}, "clipped": clipped, "overlapping": _overlaps(gestures, rows)}
    files = [folder / ANNOTATIONS, *(folder / LONG / f"{number}.txt" for number in sorted(rows))]
    return Raw(sequences, notes, [*(path for path, _ in clips), *files])


def _overlaps(gestures: list[Gesture], rows: dict[int, NDArray[np.float64]]) -> dict[str, int]:
    """Return by id how many rows a gesture shares with earlier ones of its sequence."""
    taken = {number: np.zeros(len(whole), dtype=np.bool_) for number, whole in rows.items()}
    shared: dict[str, int] = {}
    for gesture in gestures:
        part = taken[gesture.sequence][gesture.start : gesture.stop]
        if part.any():
            shared[gesture.id] = int(part.sum())
        part[:] = True
    return shared


def _hand_channels(rows: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Return (T, 64): joints relative to the palm, the palm's path, its orientation.

    In `rows` (T, 140) positions are relative to the palm of the same row, in the axes of the
    recording; they are multiplied with `scale`. The path is relative to the palm of the first row.
    """
    joints = rows.reshape(len(rows), -1, PER_JOINT)
    positions = scale * joints[:, :, :3]
    palm = positions[:, 0]
    relative = positions[:, 1:] - palm[:, None]
    parts = [relative.reshape(len(rows), -1), palm - palm[:1], joints[:, 0, 3:]]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _annotations(path: Path, classes: int) -> list[Gesture]:
    """Return the annotated gestures in the order of the file.

    A line is `sequence,count` and then `class,first,last` for each gesture, counted from 1,
    first and last row included.
    """
    gestures: list[Gesture] = []
    seen: dict[int, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        cells = line.strip().removesuffix(",").split(",")
        if not all(re.fullmatch(r"\s*[0-9]{1,9}\s*", cell) for cell in cells):
            raise DataError(f"{where}: {line[:80]!r} is no list of whole numbers")
        values = [int(cell) for cell in cells]
        if len(values) < 2 or len(values) != 2 + 3 * values[1]:
            raise DataError(
                f"{where}: {len(values)} numbers; not sequence, count, and class, first, last "
                "of each gesture"
            )
        sequence = values[0]
        if sequence in seen:
            raise DataError(f"{where}: sequence {sequence} stands on line {seen[sequence]} already")
        seen[sequence] = number
        for place, start in enumerate(range(2, len(values), 3), start=1):
            label, first, last = values[start : start + 3]
            if not 1 <= label <= classes:
                raise DataError(f"{where}: label {label} is outside 1…{classes}")
            if not 1 <= first <= last:
                raise DataError(f"{where}: rows {first} to {last} are no gesture")
            gestures.append(Gesture(sequence, place, label - 1, first - 1, last, number))
    return gestures


def _clips(folder: Path, classes: int) -> list[tuple[Path, int]]:
    """Return path and label of the clips, class by class, in the order of their numbers."""
    clips = []
    found = {path.name for path in folder.glob("*") if path.is_dir()}
    unknown = sorted(found - {str(label + 1) for label in range(classes)})
    if unknown:
        raise DataError(f"{folder / unknown[0]}: label {unknown[0]} is outside 1…{classes}")
    for label in range(classes):
        numbered = [
            p for p in folder.glob(f"{label + 1}/*.txt") if re.fullmatch("[0-9]{1,9}", p.stem)
        ]
        if not numbered:
            raise DataError(
                f"{folder / str(label + 1)} holds no clip; was another archive unpacked?"
            )
        clips += [(path, label) for path in sorted(numbered, key=lambda path: int(path.stem))]
    return clips


def _recording(folder: Path, number: int, line: int) -> NDArray[np.float64]:
    path = folder / LONG / f"{number}.txt"
    if not path.is_file():
        raise DataError(f"{folder / ANNOTATIONS}, line {line}: {path.name} does not exist")
    return _rows(path)


def _rows(path: Path) -> NDArray[np.float64]:
    """Read one recording; clips have `;` between the numbers, long sequences `,`."""
    separator = ";" if path.parent.parent.name == CLIPS else ","
    return read_rows(path, COLUMNS, MEANING, separator)


FORMAT = Format(read, needs=frozenset({"normalise"}), skeleton=SKELETON, halves=True, people=False)
