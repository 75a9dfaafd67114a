"""A recording in one file, as a stream of samples."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.reading.clock import Clock, Pace, PaceFinder
from harmodels.data.reading.meaning import Given, recognise
from harmodels.data.reading.programs import cells, filled, numbers
from harmodels.data.reading.table import Batch, Table
from harmodels.data.reading.times import Times, ambiguity
from harmodels.data.units import unit_factor
from harmodels.errors import DataError

Array = NDArray[np.float64]

AS_NUMBERS = ("s", "ms", "us")  # forms of the time that float64 holds exactly enough


class Samples(NamedTuple):
    """Some samples of one session, in the order of time."""

    session: int  # another number is another session: nothing is cut across
    times: Array  # (n,) seconds since the first sample, which rise
    values: Array  # (n, D) finite, in the units asked for
    done: int  # what has been read so far, of `Recording.size`


class FileRecording:
    """A recording in one file, with what `recording.Recording` says."""

    def __init__(
        self,
        path: Path,
        channels: Sequence[str],
        units: Sequence[str],
        given: Given | None = None,
    ) -> None:
        self.path, self.name = path, path.name
        self.channels, self.units = tuple(channels), tuple(units)
        self.table = Table(path)
        self.size = self.table.size
        with naming(path):
            self.meaning = recognise(self.table.form, channels, units, given, path.name)
        self.files: tuple[Path, ...] = (path,)
        self.unread: dict[Path, str] = {}
        self.meanings = {path: self.meaning}
        self.notes: list[str] = []
        self.rows = self.dropped = 0
        self._origin: Any = None
        told = self.meaning.program or (given and given.time_unit) or not self.meaning.time
        dates = [] if told else cells(self.table.form, self.meaning.time[0])
        self._ambiguity = ambiguity(self.meaning.time_unit, dates)

    @property
    def origin(self) -> Any:
        """Time of the first row as in the file: a Timestamp or seconds."""
        if not self.meaning.time:
            return pd.Timestamp(self.meaning.starts) if self.meaning.starts else 0.0
        _ = self._pace
        return self._origin

    @property
    def rate_hz(self) -> float:
        """Samples a second as recorded, over the whole of it."""
        return self._pace.rate_hz

    @property
    def file_units(self) -> Mapping[str, str]:
        """Unit in the file by channel."""
        return self.meaning.units

    @cached_property
    def _pace(self) -> Pace:
        """What a first pass over the times finds, of the rows alone that hold values."""
        if self.meaning.rate_hz is not None:
            return Pace(self.meaning.rate_hz)
        sparse = not all(filled(self.table.form, name, every=True) for name in self._columns)
        pace = self._find_pace(with_values=sparse)
        # only values tell rows that are there twice from samples that share a stamp
        return pace if sparse or pace.copies else self._find_pace(with_values=True)

    def _find_pace(self, *, with_values: bool) -> Pace:
        finder, times = PaceFinder(self.meaning.time_unit), Times(self.meaning.time_unit)
        used = 0
        with naming(self.path):
            for batch in self.table.batches(self._wanted(values=with_values)):
                seconds = self._seconds(batch, times)
                values = self._values(batch) if with_values else None
                usable = np.isfinite(seconds)
                if values is not None:
                    usable &= np.isfinite(values).all(axis=1)
                    values = values[usable]
                used += int(usable.sum())
                finder.push(seconds[usable], values)
            self._origin = times.origin
            self._check_used(used)
            return finder.pace()

    def samples(self) -> Iterator[Samples]:
        """Yield all samples in the order of time, in bounded memory."""
        pace, used, done = self._pace, 0, 0
        clock = Clock(pace) if self.meaning.time else None
        times = Times(self.meaning.time_unit)
        self.rows = self.dropped = 0
        with naming(self.path):
            for batch in self.table.batches(self._wanted(values=True)):
                values, done = self._values(batch), batch.done
                if clock is None:
                    first = self.table.faults.rows - len(values)
                    seconds = np.arange(first, first + len(values)) / pace.rate_hz
                else:
                    seconds = self._seconds(batch, times)
                    batch.leave_out(self.meaning.time[0], ~np.isfinite(seconds), "time")
                usable = np.isfinite(values).all(axis=1) & np.isfinite(seconds)
                used += int(usable.sum())
                parts = [(0, seconds[usable], values[usable])]
                if clock is not None:
                    parts = clock.push(seconds[usable], values[usable])
                yield from (Samples(*part, done) for part in parts if len(part[1]))
            rest = clock.finish() if clock is not None else []
            yield from (Samples(*part, done) for part in rest if len(part[1]))
        faults = self.table.faults
        self.rows, self.dropped = faults.rows, faults.rows - used
        self._check_used(used)
        self.notes = [*faults.lines(), *pace.notes, *(clock.notes if clock else [])]
        self.notes += [note for note in [self._ambiguity] if note]

    def understood(self) -> list[str]:
        """Return lines for a user: program, the equivalent options, and the first three rows."""
        meaning, form = self.meaning, self.table.form
        by = f"written by {meaning.program}; " if meaning.program else ""
        sums = [
            np.sum([numbers(form, name)[:3] for name in names], axis=0)
            for names in meaning.columns.values()
        ]
        if meaning.time:
            texts = (cells(form, name)[:3] for name in meaning.time)
            times = [" ".join(text) for text in zip(*texts, strict=True)]
        else:
            times = [f"{row / (meaning.rate_hz or 1):.3f}" for row in range(len(sums[0]))]
        values = np.transpose(sums) * self._factors
        return [
            f"{self.name}: {by}read as {meaning.options()}",
            *rows_shown(times, values, self.channels, self.units),
        ]

    def _check_used(self, used: int) -> None:
        if not used:
            faults = self.table.faults
            raise DataError(
                f"{self.path}: none of {faults.rows:,} rows holds a time and a number in each of "
                f"{', '.join(self._columns)}; name other columns (--columns), or another form of "
                f"the time than {self.meaning.time_unit} (--time-unit)"
            )

    @cached_property
    def _columns(self) -> list[str]:
        return list(
            dict.fromkeys(name for names in self.meaning.columns.values() for name in names)
        )

    @cached_property
    def _factors(self) -> Array:
        return np.array([
            unit_factor(self.meaning.units[channel], unit)
            for channel, unit in zip(self.channels, self.units, strict=True)
        ])  # fmt: skip

    def _wanted(self, values: bool) -> list[str]:
        return [*self.meaning.time, *(self._columns if values else [])]

    def _values(self, batch: Batch) -> Array:
        """Return (n, D) values in the units asked for; NaN where one is missing."""
        read = {name: batch.numbers(name) for name in self._columns}
        sums = [sum(read[name] for name in names) for names in self.meaning.columns.values()]
        return np.asarray(np.stack(sums, axis=1) * self._factors, dtype=np.float64)

    def _seconds(self, batch: Batch, times: Times) -> Array:
        """Return (n,) seconds since the first time of the file; NaN where there is no time."""
        columns = self.meaning.time
        if self.meaning.time_unit in AS_NUMBERS:
            return times.seconds(batch.numbers(columns[0]))
        text = batch.text(columns[0])
        for name in columns[1:]:
            text = text + " " + batch.text(name)
        return times.seconds(text)


def rows_shown(
    times: Sequence[str], values: Array, channels: Sequence[str], units: Sequence[str]
) -> list[str]:
    """Return lines of rows (n, D) for a user, with a line of names above them."""
    head = ["time", *(f"{name} ({unit})" for name, unit in zip(channels, units, strict=True))]
    numbers = [[f"{value:.4g}" for value in row] for row in values]
    rows = [head, *([time, *row] for time, row in zip(times, numbers, strict=True))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(["", *map(str.rjust, row, widths)]) for row in rows]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of a file before what is wrong with it."""
    try:
        yield
    except DataError as error:
        text = str(error)
        raise (error if str(path) in text else DataError(f"{path}: {text}")) from None
