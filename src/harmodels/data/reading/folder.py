"""Which files of an app's folder or zip hold the channels of a model."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harmodels.data.own_files import visible_files
from harmodels.data.reading.form import Form, read_form
from harmodels.data.reading.joined import JoinedRecording, turn
from harmodels.data.reading.meaning import Given, base_unit, channels_of
from harmodels.data.reading.parquet import is_parquet
from harmodels.data.reading.programs import (
    ACC,
    AXES,
    GRAVITY,
    GYRO,
    USER,
    Sensors,
    cells,
    column_of,
    find_sensors,
    sensor_of,
)
from harmodels.data.reading.single import FileRecording, naming
from harmodels.data.reading.source import TABLES, tables_in
from harmodels.errors import DataError

ENDINGS = (*TABLES, ".parquet", *(f"{end}{packed}" for end in TABLES for packed in (".gz", ".xz")))
MOST_FILES = 500  # of a folder; more are no recording of one app


@dataclass(frozen=True)
class _File:
    path: Path
    form: Form
    sensors: Sensors

    def rank(self, sensor: str, axes: Sequence[str]) -> int | None:
        """Return how good a source of a sensor this is, the best 0; None: it is none."""
        found = [self.sensors.axes.get((sensor, axis)) for axis in axes]
        return max(axis.rank for axis in found if axis) if all(found) else None


def is_zip(path: Path) -> bool:
    """Return whether a path is that of a zip file."""
    return path.is_file() and zipfile.is_zipfile(path) and not is_parquet(path)


def files_in(path: Path) -> list[Path]:
    """Return the files of a folder or zip, none of them hidden."""
    if not path.is_dir():
        return tables_in(path)
    found = visible_files(path)
    if len(found) > MOST_FILES:
        raise DataError(
            f"{path} holds {len(found):,} files, and a recording of one app has a few; "
            "name the folder of one recording"
        )
    return found


def open_folder(
    path: Path, channels: Sequence[str], units: Sequence[str], given: Given
) -> FileRecording | JoinedRecording:
    """Return the recording of a folder or zip, in which each sensor may have its own file.

    Raises DataError where a channel is in no file, or in several.
    """
    unread: dict[Path, str] = {}
    files = _tables(path, unread)
    recording: FileRecording | JoinedRecording
    if len(files) == 1 or given.columns:
        file = files[0].path if len(files) == 1 else _having(path, files, given)
        recording = FileRecording(file, channels, units, given)
    else:
        recording = _joined(path, files, channels, units, given)
    for each in files:
        if each.path not in recording.meanings:
            unread[each.path] = "not needed" if each.sensors.axes else "no sensor of the model"
    recording.unread = unread
    if path.is_file():
        recording.files = (path,)
    return recording


def channels_in(path: Path, given: Given | None = None) -> dict[str, str]:
    """Return unit by channel of all that is recognised in a file, folder or zip.

    See `meaning.channels_of`. Raises DataError where nothing is recognised, or a unit is not said.
    """
    if not path.is_dir() and not is_zip(path):
        with naming(path):
            return channels_of(read_form(path), given, path.name)
    files = [file.sensors for file in _tables(path, {})]
    summed = all(any(sensors.has(part) for sensors in files) for part in (USER, GRAVITY))
    has = {sensor: any(sensors.has(sensor) for sensors in files) for sensor in (ACC, GYRO)}
    has[ACC] |= summed
    channels = [f"{sensor}_{axis}" for sensor in (ACC, GYRO) if has[sensor] for axis in AXES]
    if not channels:
        raise DataError(f"{path}: no sensor is recognised in its files")
    recording = open_folder(path, channels, [""] * len(channels), given or Given())
    units = {
        name: unit for part in recording.meanings.values() for name, unit in part.units.items()
    }
    return {
        channel: base_unit(channel, units.get(channel) or units[f"user_{channel}"])
        for channel in channels
    }


def _joined(
    path: Path, files: list[_File], channels: Sequence[str], units: Sequence[str], given: Given
) -> FileRecording | JoinedRecording:
    """Return the recording of the files that hold the sensors of the channels."""
    axes: dict[str, list[str]] = {}
    for channel in channels:
        sensor, axis = _sensor(path, channel)
        axes.setdefault(sensor, []).append(axis)
    sources = {sensor: _sources(path, files, sensor, own) for sensor, own in axes.items()}
    used = list(dict.fromkeys(file.path for parts in sources.values() for file, _ in parts))
    turned = _is_turned(files, sources)
    if len(used) == 1:
        return turn(FileRecording(used[0], channels, units, given), given, turned)
    if given.rate_hz is not None:
        raise DataError(f"{path}: files are joined on their times, so leave --rate out")
    paths = {
        sensor: [(file.path, part) for file, part in parts] for sensor, parts in sources.items()
    }
    return JoinedRecording(path, paths, channels, units, given, turned)


def _tables(path: Path, unread: dict[Path, str]) -> list[_File]:
    files = []
    for file in files_in(path):
        if not file.name.lower().endswith(ENDINGS):
            unread[file] = "it is no table"
            continue
        try:
            form = read_form(file)
        except DataError as error:
            unread[file] = str(error).removeprefix(str(file)).lstrip(": ")
            continue
        files.append(_File(file, form, find_sensors(form, file.name)))
    if not files:
        raise DataError(f"{path} holds no table ({', '.join(TABLES)} or .parquet)")
    return files


def _sensor(path: Path, channel: str) -> tuple[str, str]:
    found = sensor_of(channel)
    if found is None:
        raise DataError(
            f"{path}: its name does not say which sensor {channel} is of; give the file "
            f"that holds it, and --columns {channel}=COLUMN"
        )
    return found


def _sources(
    path: Path, files: list[_File], sensor: str, axes: Sequence[str]
) -> list[tuple[_File, str]]:
    """Return the files whose values are added, with the sensor that is read of each."""
    best = _best(path, files, sensor, axes)
    if best is not None:
        return [(best, sensor)]
    if sensor == ACC:
        parts = [(_best(path, files, part, axes), part) for part in (USER, GRAVITY)]
        found = [(file, part) for file, part in parts if file is not None]
        if len(found) == 2:
            return [(found[0][0], ACC)] if found[0][0] == found[1][0] else found
        if found and found[0][1] == USER:
            raise DataError(
                f"{found[0][0].path} holds acceleration without gravity, and no file of {path} "
                f"holds gravity: {found[0][0].sensors.entry.get('without', 'record both')}"
            )
    names = ", ".join(file.path.name for file in files[:8])
    raise DataError(
        f"{path}: no file holds {sensor}_{axes[0]} ({names}); give the file that holds it, and "
        f"say which column it is (--columns {sensor}_{axes[0]}=COLUMN)"
    )


def _best(path: Path, files: list[_File], sensor: str, axes: Sequence[str]) -> _File | None:
    ranked = [(rank, file) for file in files if (rank := file.rank(sensor, axes)) is not None]
    if not ranked:
        return None
    least = min(rank for rank, _ in ranked)
    best = [file for rank, file in ranked if rank == least]
    if len(best) > 1:
        names = " and ".join(str(file.path.relative_to(path)) for file in best[:3])
        raise DataError(
            f"{path}: {names} hold the same sensor ({sensor}); give the file or folder of one "
            "recording"
        )
    return best[0]


def _having(path: Path, files: list[_File], given: Given) -> Path:
    """Return the one file that has the columns a user names."""
    names = {part for text in given.columns.values() for part in (text, *text.split("+"))}
    counts = {file.path: len(names & set(file.form.names)) for file in files}
    having = [file for file, count in counts.items() if count and count == max(counts.values())]
    if len(having) != 1:
        raise DataError(
            f"{path}: --columns says which columns of one file are meant; give that file "
            "(without --columns, the files of a folder are recognised)"
        )
    return having[0]


def _is_turned(files: list[_File], sources: Mapping[str, list[tuple[_File, str]]]) -> bool:
    """Return whether a file beside says that all signs of accelerations are turned."""
    entries = [file.sensors.entry.get("turned") for parts in sources.values() for file, _ in parts]
    entry = next((entry for entry in entries if entry), None)
    beside = [file for file in files if entry and re.search(entry["file"], file.path.name, re.I)]
    if entry is None or not beside:
        return False
    form = beside[0].form
    said = {pattern: column_of(form, pattern) for pattern in entry["cells"]}
    return None not in said.values() and all(
        re.search(entry["cells"][pattern], "".join(cells(form, str(name))[:1]), re.I)
        for pattern, name in said.items()
    )
