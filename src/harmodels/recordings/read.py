"""Rows of a recording in chunks: times in seconds and channels in the model's units."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmodels.config.messages import unknown_key
from harmodels.data.table_layout import SECONDS
from harmodels.data.units import unit_factor
from harmodels.errors import DataError

Array = NDArray[np.float64]

BLOCK_BYTES = 1 << 20  # of a CSV file; pyarrow reads up to 32 blocks ahead
BATCH_ROWS = 1 << 16  # of a Parquet file
SAMPLED_BYTES = 1 << 16  # that show header and separator
TIME = "time"


class Chunk(NamedTuple):
    """Some rows: seconds since the first one (n,), channels (n, D), and what has been read."""

    times: Array
    values: Array
    done: int


@dataclass(frozen=True)
class Source:
    """A file of a recording and the meaning of its columns."""

    path: Path  # CSV or Parquet
    channels: tuple[str, ...]  # of the model
    columns: tuple[str, ...]  # of the channels
    factors: tuple[float, ...]  # multiplied by, to be in the model's unit
    time: str | None  # its column
    time_unit: str  # `s`, `ms`, `us`, `ns` or `iso`
    rate_hz: float | None  # where there is no column of the time


def describe_source(
    path: Path,
    channels: Sequence[str],
    units: Sequence[str],
    *,
    columns: Mapping[str, str],
    given_units: Mapping[str, str],
    time_unit: str = "s",
    rate_hz: float | None = None,
) -> Source:
    """Return where the channels of a model are in a file.

    `columns` are by channel, and by `time`. A channel may be named by the end of its name: `acc_x`
    is `total_acc_x` where the model has no other such channel; one that is not named has the column
    of its own name. `given_units` are by channel or by a part of the names of several, such as
    `acc`. Raises DataError if the file cannot be read, a column is missing, a name is unknown or a
    unit cannot be converted.
    """
    present = column_names(path)
    named = dict(columns)
    time = named.pop(TIME, TIME if TIME in present and rate_hz is None else None)
    if (time is None) == (rate_hz is None):
        raise DataError(
            f"{path}: give either the column of the time (--columns time=…) or the samples a "
            "second (--rate)"
        )
    found = {_channel(name, channels): column for name, column in named.items()}
    sources = [found.get(name, name) for name in channels]
    for column in (*sources, *([time] if time else [])):
        if column not in present:
            text = unknown_key([column], present).replace("unknown key", "no column", 1)
            raise DataError(
                f"{path}: {text}; the model reads {', '.join(channels)}: say which column is "
                "which (--columns acc_x=COLUMN,…), it does not guess a channel that is missing"
            )
    factors = dict.fromkeys(channels, 1.0)
    for name, unit in given_units.items():
        matching = [channel for channel in channels if _is_part(name, channel)]
        if not matching:
            raise DataError(f"--unit {name}={unit}: the model has {', '.join(channels)}")
        for channel in matching:
            try:
                factors[channel] = unit_factor(unit, units[list(channels).index(channel)])
            except ValueError as error:
                raise DataError(f"--unit {name}={unit}: {error}") from None
    if time_unit not in (*SECONDS, "iso"):
        raise DataError(f"--time-unit {time_unit}: it is one of {', '.join(SECONDS)}, iso")
    return Source(
        path, tuple(channels), tuple(sources), tuple(factors.values()), time, time_unit, rate_hz
    )


def column_names(path: Path) -> list[str]:
    """Return the names of the columns of a CSV or Parquet file, without blanks around them."""
    try:
        if path.suffix.lower() == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            line = stream.readline(SAMPLED_BYTES)
        return [name.strip() for name in next(csv.reader([line], delimiter=_separator(line)), [])]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"cannot read {path} as a table: {error}") from error


@dataclass
class Reader:
    """Chunks of a recording; after them it knows what was dropped."""

    source: Source
    block_bytes: int = BLOCK_BYTES
    batch_rows: int = BATCH_ROWS
    dropped: int = 0  # rows with a value or time that is not a finite number
    rows: int = 0  # all of them
    origin: Any = None  # time of the first row: a date or seconds
    first: Any = 0  # the same in the unit of the file, where the times are numbers

    @property
    def size(self) -> int:
        """What `Chunk.done` grows to: bytes of a CSV file, rows of a Parquet file."""
        path = self.source.path
        if path.suffix.lower() == ".parquet":
            return pq.read_metadata(path).num_rows
        return path.stat().st_size

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the rows in order."""
        try:
            for table, done in self._tables():
                yield self._chunk(table, done)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DataError(f"cannot read {self.source.path}: {error}") from error

    def _tables(self) -> Iterator[tuple[pa.RecordBatch, int]]:
        path, wanted = self.source.path, self._wanted()
        if path.suffix.lower() == ".parquet":
            done = 0
            for batch in pq.ParquetFile(path).iter_batches(self.batch_rows, columns=wanted):
                done += len(batch)
                yield batch, done
            return
        names = column_names(path)
        with path.open("rb") as stream:
            separator = _separator(stream.readline(SAMPLED_BYTES).decode("utf-8", "replace"))
            reader = pa.csv.open_csv(
                stream,
                pa.csv.ReadOptions(block_size=self.block_bytes, column_names=names),
                pa.csv.ParseOptions(delimiter=separator),
                pa.csv.ConvertOptions(column_types=self._types(), include_columns=wanted),
            )
            for batch in reader:
                yield batch, stream.tell()

    def _wanted(self) -> list[str]:
        time = [self.source.time] if self.source.time else []
        return list(dict.fromkeys([*time, *self.source.columns]))

    def _types(self) -> dict[str, pa.DataType]:
        types = dict.fromkeys(self.source.columns, pa.float64())
        if self.source.time:
            # whole numbers of nanoseconds need all their digits
            known = {"iso": pa.string(), "s": pa.float64()}
            if self.source.time_unit in known:
                types[self.source.time] = known[self.source.time_unit]
        return types

    def _chunk(self, batch: pa.RecordBatch, done: int) -> Chunk:
        table = batch.to_pandas(ignore_metadata=True)  # an index of the writer is a column here
        values = table[list(self.source.columns)].to_numpy(np.float64)
        values = values * np.array(self.source.factors)
        times = self._times(table)
        usable = np.isfinite(values).all(axis=1) & np.isfinite(times)
        self.rows += len(table)
        self.dropped += int((~usable).sum())
        return Chunk(times[usable], values[usable], done)

    def _times(self, table: pd.DataFrame) -> Array:
        source = self.source
        if source.time is None:
            assert source.rate_hz is not None, "checked by describe_source"
            self.origin = 0.0
            rows = np.arange(self.rows, self.rows + len(table), dtype=np.float64)
            return np.asarray(rows / source.rate_hz, dtype=np.float64)
        column = table[source.time]
        if source.time_unit == "iso":
            stamps = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
            if self.origin is None and stamps.notna().any():
                self.origin = stamps.dropna().iloc[0]
            first = self.origin if self.origin is not None else pd.Timestamp(0, tz="UTC")
            return np.asarray((stamps - first) / pd.Timedelta(seconds=1), dtype=np.float64)
        numbers = pd.to_numeric(column, errors="coerce")
        scale = SECONDS[source.time_unit]
        if self.origin is None and numbers.notna().any():
            self.first = numbers.dropna().iloc[0]
            self.origin = float(self.first) * scale
        # nanoseconds since 1970 have more digits than float64: subtract first
        return np.asarray(numbers - self.first, dtype=np.float64) * scale


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _channel(name: str, channels: Sequence[str]) -> str:
    if name in channels:
        return name
    matching = [channel for channel in channels if channel.endswith(f"_{name}")]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise DataError(f"--columns {name}=…: may be {' or '.join(matching)}; write it in full")
    text = unknown_key([name], [TIME, *channels])
    raise DataError("--columns: " + text.replace("unknown key", "unknown channel", 1))


def _is_part(name: str, channel: str) -> bool:
    return f"_{name}_" in f"_{channel}_"
