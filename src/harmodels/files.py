"""Files that are either whole or absent: atomic writes, hashes, parquet with metadata."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmodels.errors import ResultsError
from harmodels.messages import shown

MODEL = "model.json"  # and what lies beside it in the folder of a model
WEIGHTS = "weights.safetensors"
FEATURE_MAP = "feature_map.parquet"
MODEL_FILES = (WEIGHTS, FEATURE_MAP, MODEL)
MORE_SPACE = (
    "Free some space, or write elsewhere: the workflow does with `snakemake --directory FOLDER`."
)
LEAST_SPACE = 1 << 20  # bytes without which not even a log can be written
CLOCKS_DIFFER = 60.0  # seconds by which the clocks of two machines may
METADATA_KEY = b"harmodels"
# Of metadata and names of columns: parquet has checksums for its pages, none for its footer.
DIGEST_KEY = b"harmodels sha256"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it onto `path` when the block succeeds.

    A reader sees the old file or the new one, never half of either: the bytes are forced to disk
    before the rename, and a block that raises leaves nothing behind. Into a pipe or a device the
    bytes are copied. Raises ResultsError if the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    through = is_device(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}.", suffix=path.suffix, dir=None if through else path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        if through:
            with temporary.open("rb") as source, path.open("ab") as target:
                shutil.copyfileobj(source, target)
            return
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files private; results are meant to be read by everyone the umask allows
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BrokenPipeError:  # the reader of a pipe has enough
        raise
    except OSError as error:
        raise ResultsError(
            f"cannot write {path}: {error.strerror or error}. {MORE_SPACE}"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Refuse outputs that would take the place of an input, each other, a folder or a model's file.

    Both are by what a user calls them, such as `--out` and `the recording`, None where there is
    none; a folder among the inputs is all that is in it. Links and other ways to write a path are
    followed. Raises ResultsError, before anything is opened, and also where the folder of an
    output cannot be written.
    """
    written: dict[str, str] = {}  # real path in small letters → option
    for option, path in outputs.items():
        if path is None:
            continue
        _check_name(option, path)
        real = Path(os.path.realpath(path))
        for name, source in inputs.items():
            where = None if source is None else _within(real, source)
            if where is not None:
                raise ResultsError(
                    f"{option} {path} is {where}{name} ({source}), which has to stay as it is; "
                    "write to another path"
                )
        if real.name in MODEL_FILES and (real.parent / MODEL).exists():
            raise ResultsError(
                f"{option} {path} is a part of the model in {real.parent}; write to another path"
            )
        if real.is_dir():
            raise ResultsError(f"{option} {path} is a folder; name a file in it")
        if is_device(path):
            continue
        other = written.setdefault(str(real).casefold(), option)
        if other != option:
            raise ResultsError(f"{option} {path} is the file of {other} too; name another one")
        _check_place(option, path, path.absolute().parents)


def check_folder(option: str, path: Path) -> None:
    """Refuse, as `check_outputs` does, a folder that is a file or cannot be written in."""
    _check_name(option, path)
    if path.exists() and not path.is_dir():
        raise ResultsError(f"{option} {path} is a file; name a folder that is new")
    _check_place(option, path, (path.absolute(), *path.absolute().parents))


def _check_place(option: str, path: Path, folders: Iterable[Path]) -> None:
    place = next(folder for folder in folders if folder.exists())
    if not place.is_dir() or why_unwritable(place) is not None:
        raise ResultsError(
            f"{option} {path}: nothing can be written in {place}; write to another path"
        )


def _check_name(option: str, path: Path) -> None:
    try:
        path.exists()
    except OSError as error:  # a name that is too long, a ring of links
        raise ResultsError(
            f"{option} {shown(str(path))}: {error.strerror}; write to another path"
        ) from error


def _within(path: Path, source: Path) -> str | None:
    """Return `` if a path is that of a source, `in ` if it is in its folder, None if neither."""
    if path == Path(os.path.realpath(source)) or _same_file(path, source):
        return ""
    if source.is_dir():
        parents = any(_same_file(parent, source) for parent in path.parents)
        linked = path.exists() and any(_same_file(path, file) for file in source.rglob("*"))
        if parents or linked:
            return "in "
    return None


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def is_device(path: Path) -> bool:
    """Return whether a path is a pipe or a device, `/dev/stdout` included, whatever it leads to."""
    folder = path.parent.resolve()
    if folder == Path("/dev") or Path("/proc") in folder.parents:
        return path.exists()
    return path.exists() and not path.is_file() and not path.is_dir()


def remove_leftovers(path: str | Path) -> None:
    """Delete what `atomic_path(path)` left beside `path` in a process that was killed.

    Only for a path that no other process is writing: it would lose its file. A leftover that
    cannot be deleted does no harm and stays.
    """
    path = Path(path)
    drawn = "[a-z0-9_]{8}"  # by tempfile.mkstemp
    name = re.compile(rf"{re.escape('.' + path.stem[:40])}\.{drawn}{re.escape(path.suffix)}")
    if path.parent.is_dir():
        for file in path.parent.iterdir():
            if name.fullmatch(file.name):
                with suppress(OSError):
                    file.unlink()


def why_unwritable(folder: Path) -> str | None:
    """Return why nothing can be written into a folder and what to do; None if nothing hinders."""
    if not os.access(folder, os.W_OK):
        return f"{folder.resolve()} is not writable. {MORE_SPACE}"
    if shutil.disk_usage(folder).free < LEAST_SPACE:
        return f"the disk of {folder.resolve()} is full. {MORE_SPACE}"
    return None


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
    """Read a JSON file; raises ResultsError if it is missing or is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error


def refuse_future(path: str | Path) -> None:
    """Refuse a file that was written by a clock ahead of this one.

    Snakemake throws away what is made of such a file, because it would be older than the file;
    better said before a training than after it.
    """
    ahead = Path(path).stat().st_mtime - time.time()  # noqa: TID251 - dates are of this clock
    if ahead > CLOCKS_DIFFER:
        raise ResultsError(
            f"{path} is dated {ahead / 3600:,.1f} hours ahead of the clock. Set the clock right, "
            "or date such files anew: `find results -newermt now -exec touch {} +`"
        )


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob(path: str | Path) -> str:
    """Return the hash by which git names a file's content: SHA-1 of `blob <size>`, NUL, content.

    It checks a file of which a repository's commit is known and no SHA-256.
    """
    with Path(path).open("rb") as stream:
        digest = hashlib.sha1(usedforsecurity=False)
        digest.update(b"blob %d\0" % os.fstat(stream.fileno()).st_size)
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_table(
    path: str | Path, table: pa.Table | pd.DataFrame, metadata: dict[str, Any] | None = None
) -> None:
    """Write a parquet file atomically; the same table gives the same bytes.

    Its pages, and its columns, number of rows and metadata (JSON-able, in the schema under the key
    `harmodels`), carry checksums, so that `read_table` notices a flipped bit.
    """
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    encoded = json.dumps(metadata or {}, sort_keys=True, ensure_ascii=False).encode("utf-8")
    digest = _digest(encoded, table.schema, len(table))
    table = table.replace_schema_metadata({METADATA_KEY: encoded, DIGEST_KEY: digest})
    # a stream of Python's: Arrow takes every path for UTF-8, whatever the locale says
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)


def read_table(
    path: str | Path, columns: list[str] | None = None
) -> tuple[pa.Table, dict[str, Any]]:
    """Read a parquet file and its `harmodels` metadata.

    Raises ResultsError if it is missing, damaged, lacks a column, or `write_table` did not write
    it.
    """
    try:
        with Path(path).open("rb") as stream:
            schema = pq.ParquetFile(stream).schema_arrow
            table = pq.read_table(stream, columns=columns, page_checksum_verification=True)
        stored = schema.metadata or {}
        encoded = stored.get(METADATA_KEY, b"")
        if stored.get(DIGEST_KEY) != _digest(encoded, schema, len(table)):
            raise ValueError("its metadata are damaged, or another program wrote it")
        metadata = json.loads(encoded)
    except MemoryError:  # Arrow's is an ArrowException too, and the file is not to blame
        raise
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error
    return table, metadata


def _digest(encoded: bytes, schema: pa.Schema, rows: int) -> bytes:
    """Return a digest of what no checksum of a page covers."""
    columns = json.dumps([rows, *((field.name, _type_text(field.type)) for field in schema)])
    return hashlib.sha256(encoded + columns.encode()).hexdigest().encode()


def _type_text(kind: pa.DataType) -> str:
    # parquet gives the items of a list another name than Arrow does
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return f"list of {kind.value_type}" if listed else str(kind)
