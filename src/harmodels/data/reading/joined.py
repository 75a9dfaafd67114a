"""Files of several sensors of one app as one recording on one clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.reading.meaning import Given, Meaning
from harmodels.data.reading.programs import ACC, GRAVITY, USER, sensor_of
from harmodels.data.reading.single import FileRecording, Samples, rows_shown
from harmodels.errors import DataError

Array = NDArray[np.float64]

PAUSE = 5.0  # intervals of a sensor, over which nothing is interpolated
LEAST_PAUSE_S = 0.1
OWN = {USER: "user_acc", GRAVITY: "gravity"}  # channels of a part of the acceleration


def turn(recording: FileRecording, given: Given, turned: bool) -> FileRecording:
    """Turn the signs of accelerations, where they are not given or turned already."""
    meaning = recording.meaning
    units = {
        channel: f"-{unit}"
        if turned
        and (sensor_of(channel) or ("",))[0] in (ACC, USER, GRAVITY)
        and not (unit.startswith("-") or any(f"_{n}_" in f"_{channel}_" for n in given.units))
        else unit
        for channel, unit in meaning.units.items()
    }
    recording.meaning = replace(meaning, units=units)
    recording.meanings = {recording.path: recording.meaning}
    return recording


class JoinedRecording:
    """Recordings of several sensors, interpolated onto the clock of the first. See `Recording`."""

    def __init__(
        self,
        path: Path,
        sources: Mapping[str, list[tuple[Path, str]]],
        channels: Sequence[str],
        units: Sequence[str],
        given: Given,
        turned: bool,
    ) -> None:
        self.path, self.name = path, path.name
        self.channels, self.units = tuple(channels), tuple(units)
        # of each file: where its values are added, and the names and units of its own channels
        own: dict[Path, tuple[list[int], list[str], list[str]]] = {}
        for sensor in sorted(sources, key=lambda sensor: sensor != ACC):
            for file, part in sources[sensor]:
                columns, names, wanted = own.setdefault(file, ([], [], []))
                for column, channel in enumerate(channels):
                    key = sensor_of(channel)
                    if key and key[0] == sensor:
                        columns.append(column)
                        names.append(channel if part == sensor else f"{OWN[part]}_{key[1]}")
                        wanted.append(units[column])
        self.parts: list[tuple[FileRecording, list[int]]] = []
        for file_path, (columns, names, wanted) in own.items():
            said = {
                name: unit
                for column, name in zip(columns, names, strict=True)
                for known, unit in given.units.items()
                if f"_{known}_" in f"_{channels[column]}_"
            }
            part_given = Given(units=said, time_unit=given.time_unit)
            recording = FileRecording(file_path, names, wanted, part_given)
            self.parts.append((turn(recording, part_given, turned), columns))
        self.files = (path,) if path.is_file() else tuple(own)
        self.unread: dict[Path, str] = {}
        self.meanings: dict[Path, Meaning] = {part.path: part.meaning for part, _ in self.parts}
        self.size = sum(part.size for part, _ in self.parts)
        self.notes: list[str] = []
        self.rows = self.dropped = 0

    @cached_property
    def origin(self) -> Any:
        """Time of the first sample as in the file: a Timestamp or seconds."""
        first = next(self._joined(), None)
        if first is None:
            raise DataError(f"{self.path}: {self._apart}")
        origin, start = self.parts[0][0].origin, float(first.times[0])
        return origin + (pd.Timedelta(seconds=start) if isinstance(origin, pd.Timestamp) else start)

    @property
    def rate_hz(self) -> float:
        """Samples a second of the sensor onto whose clock the others are interpolated."""
        return self.parts[0][0].rate_hz

    @property
    def file_units(self) -> dict[str, str]:
        """Unit in the files by channel; of what is added, that of its first part."""
        own = {name: unit for each in self.meanings.values() for name, unit in each.units.items()}
        parts = {
            c: (c, *(f"{n}_{c.rpartition('_')[2]}" for n in OWN.values())) for c in self.channels
        }
        return {c: next(own[name] for name in names if name in own) for c, names in parts.items()}

    def samples(self) -> Iterator[Samples]:
        """Yield all samples in the order of time, in bounded memory."""
        start, used = None, 0
        for samples in self._joined():
            start = samples.times[0] if start is None else start
            used += len(samples.times)
            yield samples._replace(times=samples.times - start)
        if start is None:
            raise DataError(f"{self.path}: {self._apart}")
        reference = self.parts[0][0]
        self.rows, self.dropped = reference.rows, reference.rows - used
        self.notes = [f"{part.path.name}: {note}" for part, _ in self.parts for note in part.notes]
        outside = reference.rows - reference.dropped - used
        names = ", ".join(part.path.name for part, _ in self.parts[1:])
        if outside:
            self.notes.append(
                f"{names} joined with {reference.path.name} on their times: {outside:,} of "
                f"{reference.rows:,} samples are outside of the time that all files hold"
            )

    def understood(self) -> list[str]:
        """Return lines for a user: program and columns of each file, and the first three rows."""
        lines = [f"{self.name}: {len(self.parts)} files are joined on their times"]
        for part, columns in self.parts:
            by = f"written by {part.meaning.program}; " if part.meaning.program else ""
            read = ", ".join(
                f"{self.channels[column]} from {'+'.join(names)} in {unit}"
                for column, names, unit in zip(
                    columns,
                    part.meaning.columns.values(),
                    part.meaning.units.values(),
                    strict=True,
                )
            )
            lines.append(f"  {part.path.name}: {by}{read}")
        first = next(self._joined(), None)
        if first is None:
            raise DataError(f"{self.path}: {self._apart}")
        times = [f"{time:.3f}" for time in first.times[:3] - first.times[0]]
        return lines + rows_shown(times, first.values[:3], self.channels, self.units)

    def _joined(self) -> Iterator[Samples]:
        """Yield the samples with times by the origin of the first file."""
        (reference, columns), *others = self.parts
        streams = [
            _Stream(part, columns, _later(part, reference) if others else 0.0)
            for part, columns in others
        ]
        for samples in _unbroken(reference):
            values = np.zeros((len(samples.times), len(self.channels)))
            values[:, columns] += samples.values
            usable = np.ones(len(values), dtype=np.bool_)
            for stream in streams:
                usable &= stream.add(samples.times, values)
            if usable.any():
                done = samples.done + sum(stream.done for stream in streams)
                yield Samples(0, samples.times[usable], values[usable], done)

    @property
    def _apart(self) -> str:
        starts = ", ".join(f"{part.path.name} from {part.origin}" for part, _ in self.parts)
        return f"the files have no time in common ({starts}); give those of one recording"


class _Stream:
    """Samples of a sensor that are asked for at the times of another one."""

    def __init__(self, part: FileRecording, columns: list[int], later: float) -> None:
        self.columns, self.later, self.done = columns, later, 0
        self.pause = max(PAUSE / part.rate_hz, LEAST_PAUSE_S)
        self._rest = _unbroken(part)
        self._times, self._values = np.empty(0), np.empty((0, len(columns)))

    def add(self, times: Array, values: Array) -> NDArray[np.bool_]:
        """Add to values (n, D) what the sensor has at rising times; return where it has some."""
        while not len(self._times) or self._times[-1] < times[-1]:
            more = next(self._rest, None)
            if more is None:
                break
            self.done = more.done
            self._forget(times[0])
            self._times = np.concatenate([self._times, more.times + self.later])
            self._values = np.concatenate([self._values, more.values])
        if not len(self._times):
            return np.zeros(len(times), dtype=np.bool_)
        for at, column in enumerate(self.columns):
            values[:, column] += np.interp(times, self._times, self._values[:, at])
        after = np.searchsorted(self._times, times).clip(1, max(1, len(self._times) - 1))
        before, after = self._times[after - 1], self._times[after.clip(max=len(self._times) - 1)]
        inside = (self._times[0] <= times) & (times <= self._times[-1])
        self._forget(times[-1])
        return np.asarray(inside & (after - before <= self.pause), dtype=np.bool_)

    def _forget(self, time: float) -> None:
        """Drop what is not needed from this time on."""
        keep = max(0, int(np.searchsorted(self._times, time)) - 1)
        self._times, self._values = self._times[keep:], self._values[keep:]


def _unbroken(part: FileRecording) -> Iterator[Samples]:
    """Yield the samples of a file whose clock never steps back."""
    for samples in part.samples():
        if samples.session:
            raise DataError(
                f"{part.path}: its clock steps back, and it cannot be joined with the others; "
                "give one file"
            )
        yield samples


def _later(part: FileRecording, reference: FileRecording) -> float:
    """Return by how many seconds the first sample of a file is later than that of another."""
    one, other = part.origin, reference.origin
    kinds = {
        "a date with a zone" if getattr(time, "tzinfo", None) else
        "a date" if isinstance(time, pd.Timestamp) else "seconds"
        for time in (one, other)
    }  # fmt: skip
    if len(kinds) > 1:
        raise DataError(
            f"{part.path} begins at {one} and {reference.path} at {other}, which are no times of "
            "one clock; give one file"
        )
    difference = one - other
    return float(difference.total_seconds() if hasattr(difference, "total_seconds") else difference)
