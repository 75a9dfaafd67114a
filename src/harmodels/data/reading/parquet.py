"""Columns of Parquet files: the index that pandas stored among them, and any of them as text."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harmodels.data.reading.source import PARQUET, first_bytes


def is_parquet(path: Path) -> bool:
    """Return whether a file is one of Parquet, whatever it is called."""
    return first_bytes(path).startswith(PARQUET)


def parquet_batches(
    file: pq.ParquetFile, rows: int, wanted: Sequence[str] | None = None
) -> Iterator[dict[str, pa.Array]]:
    """Yield columns of a Parquet file by name, and the index that pandas left in its description.

    pandas writes other indices as columns, but of an even range only start and step.
    """
    ranges = _stored_ranges(file)
    done = 0
    stored = None if wanted is None else [name for name in wanted if name not in ranges]
    for batch in file.iter_batches(rows, columns=stored):
        found = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name, (start, step) in ranges.items():
            found[name] = pa.array(start + step * np.arange(done, done + len(batch)))
        done += len(batch)
        yield found


def _stored_ranges(file: pq.ParquetFile) -> dict[str, tuple[np.int64, np.int64]]:
    """Return start and step of each even index by name."""
    try:
        pandas = json.loads((file.schema_arrow.metadata or {}).get(b"pandas", b"{}"))
        return {
            str(index["name"]): (np.int64(index["start"]), np.int64(index["step"]))
            for index in pandas.get("index_columns", ())
            if isinstance(index, dict) and index.get("name")
        }
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise pa.ArrowInvalid(f"pandas' description of its columns is damaged: {error}") from error


def as_text(column: pa.Array) -> pa.Array:
    """Return a column of a Parquet file as text, empty where there is no value."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_duration(column.type):  # in seconds
        whole = column.cast(pa.duration("ns"), safe=False).cast(pa.int64())
        column = pc.divide(whole.cast(pa.float64(), safe=False), 1e9)
    if pa.types.is_nested(column.type):
        return pa.array([str(cell) for cell in column.to_pylist()], pa.string())
    return column.cast(pa.string()).fill_null("")
