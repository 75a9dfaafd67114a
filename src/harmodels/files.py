"""Files that are either whole or absent: atomic writes, hashes, parquet with metadata."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmodels.errors import ResultsError

METADATA_KEY = b"harmodels"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it onto `path` when the block succeeds.

    A reader sees the old file or the new one, never half of either: the bytes are forced to
    disk before the rename, and a block that raises leaves nothing behind.

    Raises
    ------
    ResultsError
        If the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files private; results are meant to be read by everyone the umask allows
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise ResultsError(
            f"cannot write {path}: {error.strerror or error}. "
            "Free some space or choose another folder with `snakemake --directory FOLDER`."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, atomically; NaN is refused."""
    write_text(
        path,
        json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n",
    )


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    ResultsError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_table(
    path: str | Path, table: pa.Table | pd.DataFrame, metadata: dict[str, Any] | None = None
) -> None:
    """Write a parquet file atomically; the same table gives the same bytes.

    Parameters
    ----------
    path
        Where the file shall be.
    table
        An Arrow table, or a frame whose index is dropped.
    metadata
        JSON-able facts kept in the schema under the key `harmodels`.
    """
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    encoded = json.dumps(metadata or {}, sort_keys=True, ensure_ascii=False).encode("utf-8")
    table = table.replace_schema_metadata({METADATA_KEY: encoded})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_table(
    path: str | Path, columns: list[str] | None = None
) -> tuple[pa.Table, dict[str, Any]]:
    """Read a parquet file and its `harmodels` metadata.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, lacks a column, or was not written by `write_table`.
    """
    try:
        table = pq.read_table(path, columns=columns, partitioning=None)
        metadata = json.loads((table.schema.metadata or {})[METADATA_KEY])
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error
    return table, metadata
