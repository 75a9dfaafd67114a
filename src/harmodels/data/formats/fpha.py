"""The raw format of the First-Person Hand Action benchmark: one skeleton.txt a recording."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset, Normalise
from harmodels.data.formats import Format, Raw
from harmodels.data.sequences import Sequences, offsets_of
from harmodels.data.skeletons import FINGERS, Skeleton
from harmodels.data.text_rows import read_lines, read_rows
from harmodels.errors import DataError
from harmodels.runtime.log import LOGGER

SPLIT = "data_split_action_recognition.txt"
RECORDING = "skeleton.txt"
SPLITS = {"Training": "train", "Test": "test"}
HEADING = re.compile(r"(Training|Test)\s+([0-9]{1,9})")
# a name of 60 letters fits into a file name in any alphabet
ENTRY = re.compile(r"([\w-]{1,60})/([\w-]{1,60})/([\w-]{1,60})\s+(-?[0-9]{1,9})")
PREFIX = "Subject_"


def _skeleton() -> Skeleton:
    """Wrist, the five knuckles, then finger by finger the other three joints."""
    fingers = {f: tuple(f"{f}_{part}" for part in ("mcp", "pip", "dip", "tip")) for f in FINGERS}
    knuckles = (joints[0] for joints in fingers.values())
    others = (joint for joints in fingers.values() for joint in joints[1:])
    return Skeleton("wrist", ("wrist", *knuckles, *others), fingers, unit_mm=1.0, relative=False)


SKELETON = _skeleton()
JOINTS = len(SKELETON.joints)
MEANING = f"the frame's number and x y z of {JOINTS} joints"


@dataclass(frozen=True)
class Entry:
    """One line of the split file: recording `Subject_1/action/1`, label, split, line number."""

    recording: str
    label: int
    split: str
    line: int

    @property
    def subject(self) -> str:
        """Who was recorded, without the prefix that all share."""
        return self.recording.split("/")[0].removeprefix(PREFIX)


def read(dataset: Dataset, folder: Path) -> Raw:
    """Read the recordings that the split file lists, in its order and with its split.

    The split file is in the folder `Hand_pose_annotation_v1` or beside it; the classes are the
    actions in the order of its labels. Ids are `Subject_1/action/1`. Notes: `dropped`, recordings
    that the split file does not list; `uneven_frames`, by id, how many frames of a recording do not
    follow the one before by number. Raises DataError naming file and line.
    """
    assert dataset.normalise is not None
    split = _split_file(folder)
    entries = _read_split(split, dataset.classes)
    parts, uneven = [], {}
    for entry in entries:
        path = folder / entry.recording / RECORDING
        if not path.is_file():
            raise DataError(
                f"{split}, line {entry.line}: {entry.recording} has no {RECORDING} in {folder}; "
                "bring the recording or delete the line and lower the number in its heading"
            )
        rows = read_rows(path, 1 + 3 * JOINTS, MEANING)
        uneven[entry.recording] = int(np.count_nonzero(np.diff(rows[:, 0]) != 1))
        parts.append(_normalised(rows, dataset.normalise))
    uneven = {name: count for name, count in uneven.items() if count}
    if uneven:
        LOGGER.warning(
            "%d recordings have frames that repeat or are missing, %s first; see uneven_frames in "
            "the card",
            len(uneven),
            next(iter(uneven)),
        )
    listed = {entry.recording for entry in entries}
    found = {p.parent.relative_to(folder).as_posix() for p in folder.glob(f"*/*/*/{RECORDING}")}
    sequences = Sequences(
        facts=dataset.facts,
        ids=np.array([entry.recording for entry in entries], dtype=np.str_),
        subjects=np.array([entry.subject for entry in entries], dtype=np.str_),
        official_split=np.array([entry.split for entry in entries], dtype=np.str_),
        labels=np.array([entry.label for entry in entries], dtype=np.int64),
        offsets=offsets_of([len(part) for part in parts]),
        values=np.concatenate(parts),
    )
    notes = {"dropped": {"not in the split file": len(found - listed)}, "uneven_frames": uneven}
    files = [split, *(folder / entry.recording / RECORDING for entry in entries)]
    return Raw(sequences, notes, files)


def _split_file(folder: Path) -> Path:
    places = [folder.parent / SPLIT, folder / SPLIT]
    for path in places:
        if path.is_file():
            return path
    raise DataError(
        f"{SPLIT} is neither beside {folder} nor inside it; put it beside the archive or into it"
    )


def _read_split(path: Path, classes: tuple[str, ...]) -> list[Entry]:
    """Return the entries of a split file: two headings, each with its number of lines below."""
    entries: list[Entry] = []
    headings: dict[str, tuple[int, int]] = {}
    split = ""
    for number, line in enumerate(read_lines(path), start=1):
        heading = HEADING.fullmatch(line.strip())
        if heading:
            split = SPLITS[heading[1]]
            if split in headings:
                raise DataError(f"{path}, line {number}: a second heading {heading[1]!r}")
            headings[split] = (int(heading[2]), number)
        elif line.strip():
            entries.append(_entry(line, split, classes, path, number))
    _check_counts(path, entries, headings)
    _refuse_repeats(path, entries)
    _refuse_mixed_actions(path, entries)
    return entries


def _entry(line: str, split: str, classes: tuple[str, ...], path: Path, number: int) -> Entry:
    where = f"{path}, line {number}"
    match = ENTRY.fullmatch(line.strip())
    if match is None or not split:
        raise DataError(
            f"{where}: {line.strip()[:80]!r} is neither a heading `Training 600` or `Test 575` "
            "nor, below one, `Subject_1/action/1 label`"
        )
    subject, action, repetition, label = match[1], match[2], match[3], int(match[4])
    if not 0 <= label < len(classes):
        raise DataError(f"{where}: label {label} is outside 0…{len(classes) - 1}")
    if action in classes and classes[label] != action:
        raise DataError(
            f"{where}: label {label} is {classes[label]!r} in the registry, but the recording "
            f"shows {action!r}"
        )
    return Entry(f"{subject}/{action}/{repetition}", label, split, number)


def _check_counts(path: Path, entries: list[Entry], headings: dict[str, tuple[int, int]]) -> None:
    for name, split in SPLITS.items():
        if split not in headings:
            raise DataError(f"{path} has no heading {name!r}; is the file truncated?")
        promised, line = headings[split]
        found = sum(entry.split == split for entry in entries)
        if found != promised:
            raise DataError(
                f"{path}, line {line}: {name} announces {promised} recordings, {found} follow"
            )


def _refuse_repeats(path: Path, entries: list[Entry]) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        if entry.recording in lines:
            raise DataError(
                f"{path}, line {entry.line}: {entry.recording} stands on line "
                f"{lines[entry.recording]} already"
            )
        lines[entry.recording] = entry.line


def _refuse_mixed_actions(path: Path, entries: list[Entry]) -> None:
    """Check that a folder's name stands for one label, and a label for one name."""
    actions: dict[int, str] = {}
    labels: dict[str, int] = {}
    for entry in entries:
        action = entry.recording.split("/")[1]
        known = actions.setdefault(entry.label, action), labels.setdefault(action, entry.label)
        if known != (action, entry.label):
            raise DataError(
                f"{path}, line {entry.line}: label {entry.label} of the action {action!r}, but "
                f"an earlier line has label {known[1]} of the action {known[0]!r}"
            )


def _normalised(rows: NDArray[np.float64], normalise: Normalise) -> NDArray[np.float32]:
    """Return (T, 63) positions; the first column of the file, the frame's number, is left out."""
    joints = rows[:, 1:].reshape(len(rows), JOINTS, 3)
    if normalise.origin == "first_wrist":
        joints = joints - joints[:1, :1]
    elif normalise.origin == "wrist":
        joints = joints - joints[:, :1]
    return (
        (joints * (SKELETON.unit_mm / normalise.unit_mm)).reshape(len(rows), -1).astype(np.float32)
    )


PLAN = ("repetitions", "shortest_frames", "median_frames", "longest_frames")
FORMAT = Format(
    read,
    needs=frozenset({"normalise", "normalise.origin", *(f"simulation.{key}" for key in PLAN)}),
    may=frozenset({"simulation"}),
    skeleton=SKELETON,
    halves=True,
    people=True,
)
