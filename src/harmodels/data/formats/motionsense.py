"""The folders of MotionSense, `<code>_<trial>/sub_<person>.csv`: a phone's motion, no times.

Axes: T samples of one file, D channels.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmodels.data.copies import SharedRows
from harmodels.data.dataset import Dataset
from harmodels.data.facts import SequenceFacts
from harmodels.data.formats import PHONE, Format, Raw
from harmodels.data.resampling import FILTER, resample
from harmodels.data.text_rows import read_columns
from harmodels.data.units import unit_factor
from harmodels.data.windows import WindowsOfParts
from harmodels.errors import ConfigurationError, DataError
from harmodels.runtime.log import LOGGER

Array = NDArray[np.float64]

# Code of a folder → activity.
CODES = {
    "dws": "downstairs",
    "jog": "jogging",
    "sit": "sitting",
    "std": "standing",
    "ups": "upstairs",
    "wlk": "walking",
}
# Activity → the numbers of its trials in the authors' archive.
TRIALS = {
    "downstairs": (1, 2, 11),
    "jogging": (9, 16),
    "sitting": (5, 13),
    "standing": (6, 14),
    "upstairs": (3, 4, 12),
    "walking": (7, 8, 15),
}
INDEX = ""  # the first column, which has no name: 0, 1, 2, …
ATTITUDE = ("attitude.roll", "attitude.pitch", "attitude.yaw")
AXES = ("x", "y", "z")
GRAVITY, TURN, USER = (
    tuple(f"{sensor}.{axis}" for axis in AXES)
    for sensor in ("gravity", "rotationRate", "userAcceleration")
)
# Channel → the columns whose sum it is, and their unit: total acceleration and the gyroscope.
CHANNELS: dict[str, tuple[tuple[str, ...], str]] = {
    **{f"acc_{axis}": ((f"gravity.{axis}", f"userAcceleration.{axis}"), "g") for axis in AXES},
    **{f"gyro_{axis}": ((f"rotationRate.{axis}",), "rad/s") for axis in AXES},
}

TOO_SHORT = "sample of a trial too short for a window"
IGNORED = ("__macosx",)  # beside what begins with a dot: what macOS adds to an archive
FOLDER = re.compile(r"([a-z]+)_([0-9]+)", re.IGNORECASE)
FILE = re.compile(r"sub_([0-9]+)\.csv", re.IGNORECASE)
BRING = "bring the folders as the authors' archive holds them"
ENOUGH_TURN = 100.0  # (rad/s)², summed over a file: from less the rate cannot be told
LEAST_AGREEMENT = 0.25  # squared cosine between what gravity did and what the gyroscope says
RATE_TOLERANCE = 1.25  # factor between rates; the authors' files are within 1.1


class Trial(NamedTuple):
    """One file: person, label, number of the trial, path; sorted in this order."""

    person: int
    label: int
    number: int
    path: Path


def read(dataset: Dataset, path: Path) -> Raw:
    """Read all trials, resample them, and cut windows, none of which crosses trials.

    The channels are some of `CHANNELS`, where total acceleration is the sum of gravity and user
    acceleration, the classes those of `CODES`. Windows come by person, class and trial; ids are
    `<person>/<class>/<trial>/00001`, …. Notes: `dropped`, `files`, `rows`, `copies` (the file that
    the authors' archive holds twice → its other name; both are read), `recorded_hz`, `resampling`
    (the filter), `units_of_files`. Raises DataError naming file, line and remedy.
    """
    facts, window, recorded_hz = dataset.facts, dataset.window, dataset.recorded_hz
    assert window is not None
    assert recorded_hz is not None
    windows = WindowsOfParts(facts, window)
    known: dict[bytes, tuple[str, Path]] = {}  # by a hash of the samples
    copies: dict[str, str] = {}
    shared = SharedRows()
    rows = dropped = 0
    trials = _find_trials(path, facts.classes, dataset.subjects)
    for trial in trials:
        table, place = _table(trial.path, recorded_hz)
        person, activity = str(trial.person), facts.classes[trial.label]
        stem = f"{person}/{activity}/{trial.number}"
        other, first = known.setdefault(
            hashlib.sha256(table.tobytes()).digest(), (stem, trial.path)
        )
        if other != stem:
            if dataset.copies.get(stem) != other:
                raise DataError(
                    f"{trial.path} holds the samples of {first}; bring the right one of the two"
                )
            copies |= _copy(trial.path, first)
        values = _channels(table, place, facts)
        shared.add(str(trial.path), person, values)
        try:
            _, even = resample(np.arange(len(values)) / recorded_hz, values, facts.rate_hz)
        except ValueError as error:
            raise DataError(f"{trial.path}: {error}") from error
        count = windows.cut(even, stem, person, trial.label)
        rows += len(values)
        dropped += len(values) * (count == 0)
    shared.check()
    if not len(windows):
        raise DataError(
            f"{path} holds no trial of {window.steps / facts.rate_hz:g} s, the length of a window"
        )
    notes = {
        "dropped": {TOO_SHORT: dropped},
        "files": len(trials),
        "rows": rows,
        "copies": copies,
        "recorded_hz": [recorded_hz, recorded_hz],
        "resampling": FILTER,
        "units_of_files": {channel: CHANNELS[channel][1] for channel in facts.channels},
    }
    return Raw(windows.sequences(), notes, [trial.path for trial in trials])


def _find_trials(path: Path, classes: Sequence[str], people: Sequence[str]) -> list[Trial]:
    found: dict[tuple[int, int, int], Path] = {}
    for folder in _entries(path):
        if not folder.is_dir():
            if folder.suffix.lower() == ".csv":
                raise DataError(f"{folder} lies in no folder <code>_<trial>; {BRING}")
            continue
        label, number = _activity(folder, classes)
        files = [file for file in _entries(folder) if not _refuse_other(file)]
        if not files:
            raise DataError(f"{folder} holds no file sub_<person>.csv; {BRING}")
        for file in files:
            key = (_person(file, people), label, number)
            if key in found:
                raise DataError(
                    f"{file} is the same trial of the same person as {found[key]}; delete one"
                )
            found[key] = file
    if not found:
        raise DataError(f"{path} holds no folder <code>_<trial>, such as dws_1; {BRING}")
    return sorted(Trial(*key, file) for key, file in found.items())


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror or error}") from error
    return [e for e in entries if e.name[0] != "." and e.name.lower() not in IGNORED]


def _refuse_other(file: Path) -> bool:
    """Return whether a file is no table, a note perhaps; refuse a folder in a trial's folder."""
    if file.is_dir():
        raise DataError(f"{file} is a folder in the folder of a trial; {BRING}")
    return file.suffix.lower() != ".csv"


def _activity(folder: Path, classes: Sequence[str]) -> tuple[int, int]:
    """Return label and number of a trial by the name of its folder."""
    match = FOLDER.fullmatch(folder.name)
    if match is None or match[1].lower() not in CODES:
        known = ", ".join(f"{code} ({name})" for code, name in CODES.items())
        raise DataError(f"{folder} is not called <code>_<trial> with a code of {known}; {BRING}")
    activity = CODES[match[1].lower()]
    if activity not in classes:
        raise DataError(
            f"{folder} holds {activity}, which is none of the classes {', '.join(classes)}; "
            "name it in the registry or leave the folder out"
        )
    return classes.index(activity), int(match[2])


def _person(file: Path, people: Sequence[str]) -> int:
    match = FILE.fullmatch(file.name)
    if match is None:
        raise DataError(f"{file} is not called sub_<person>.csv; {BRING}")
    if people and str(int(match[1])) not in people:
        raise DataError(
            f"{file} is of person {int(match[1])}, but the registry names {', '.join(people)}; "
            "leave the file out or correct the key subjects"
        )
    return int(match[1])


def _copy(file: Path, first: Path) -> dict[str, str]:
    """Return the names of two files of the same samples."""
    name, other = (f"{path.parent.name}/{path.name}" for path in (file, first))
    LOGGER.warning("%s and %s hold the same samples, as the authors' archive does", name, other)
    return {name: other}


def _table(file: Path, recorded_hz: float) -> tuple[Array, dict[str, int]]:
    """Return the checked samples of a file, and the place of each column."""
    table, header = read_columns(file, [INDEX, *GRAVITY, *USER, *TURN])
    place = {name: column for column, name in enumerate(header)}
    _check_index(file, table[:, place[INDEX]])
    gravity, turn = (table[:, [place[name] for name in names]] for names in (GRAVITY, TURN))
    _check_gravity(file, gravity)
    _check_rate(file, gravity, turn, recorded_hz)
    return table, place


def _channels(table: Array, place: Mapping[str, int], facts: SequenceFacts) -> Array:
    """Return (T, D) of the channels, in their units."""
    columns = []
    for channel, unit in zip(facts.channels, facts.units, strict=True):
        sources, own = CHANNELS[channel]
        total = table[:, [place[name] for name in sources]].sum(axis=1)
        columns.append(total * unit_factor(own, unit))
    return np.column_stack(columns)


def _check_index(file: Path, index: Array) -> None:
    wrong = np.flatnonzero(index != np.arange(len(index)))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{file}, line {row + 2}: the sample has the number {index[row]:g} and not {row}: "
            "samples are missing or doubled; bring a whole copy"
        )


def _check_gravity(file: Path, gravity: Array) -> None:
    wrong = np.flatnonzero(np.abs(np.linalg.norm(gravity, axis=1) - 1) > 0.1)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{file}, line {row + 2}: gravity has the length "
            f"{np.linalg.norm(gravity[row]):.3g}, and in g it has 1; {BRING}"
        )


def _check_rate(file: Path, gravity: Array, turn: Array, recorded_hz: float) -> None:
    """Compare the rate with that at which gravity turns as the gyroscope says.

    In axes that turn with ω, gravity g changes by dg/dt = −ω × g.
    """
    if len(gravity) < 2:
        return
    expected = -np.cross(turn, gravity)
    expected = (expected[1:] + expected[:-1]) / 2
    changes = np.diff(gravity, axis=0)
    product, power = (expected * changes).sum(), (expected**2).sum()
    if power < ENOUGH_TURN or product**2 < LEAST_AGREEMENT * power * (changes**2).sum():
        return
    found = power / product
    if not 1 / RATE_TOLERANCE <= found / recorded_hz <= RATE_TOLERANCE:
        raise DataError(
            f"{file}: gravity turns as the gyroscope says at {found:.0f} samples a second, and "
            f"the registry states recorded_hz: {recorded_hz:g}; {BRING}, or state their rate"
        )


def _check(entry: Mapping[str, Any], where: str) -> None:
    """Check that the files hold the classes and channels of an entry, in these units."""
    for name in entry["classes"]:
        if name not in CODES.values():
            raise ConfigurationError(
                f"{where}.classes: {name!r} should be one of the activities of motionsense, "
                f"{', '.join(CODES.values())}"
            )
    for channel, unit in entry["channels"].items():
        if channel not in CHANNELS:
            raise ConfigurationError(
                f"{where}.channels: {channel!r} should be one of the channels of motionsense, "
                f"{', '.join(CHANNELS)}"
            )
        try:
            unit_factor(CHANNELS[channel][1], unit)
        except ValueError as error:
            raise ConfigurationError(f"{where}.channels.{channel}: {error}") from None


FORMAT = Format(
    read,
    needs=PHONE | {"window", "recorded_hz"},
    may=frozenset({"simulation"}),
    check=_check,
    halves=False,
    people=True,
)
