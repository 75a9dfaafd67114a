"""The text of a file as bytes in UTF-8, however it is packed and encoded."""

import bz2
import codecs
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from harmodels.errors import DataError
from harmodels.messages import listed

SNIFFED_BYTES = 1 << 16
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
PACKED[b"PK\x05\x06"] = "zip"  # an empty one
# Files of other kinds that people bring, by their first bytes.
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"SQLite format 3": "a database",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB 5.0": "a file of MATLAB variables",
    b"ARROW1": "a Feather file",
    b"%PDF": "a PDF",
}
CONTROLS = re.compile(rb"\0+|[\x01-\x08\x0e-\x1f]")  # zeros in a row as one
PARQUET = b"PAR1"
TABLES = (".csv", ".txt", ".tsv", ".tab", ".dat", ".asc")
UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _single_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("harmodels.cp1252", _single_bytes)


def to_text(data: bytes) -> str:
    """Return the text of UTF-8; bytes that are not of it are read as cp1252, one by one."""
    return data.decode("utf-8", "harmodels.cp1252")


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn errors of the system and of libraries into a DataError that names the file."""
    try:
        yield
    except (FileNotFoundError, KeyError):  # KeyError: in a zip file
        raise DataError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file") from None
    except RuntimeError as error:  # of zipfile
        raise DataError(f"cannot unpack {path}: {error}; unpack it and give the file") from error
    except (pa.ArrowException, UnicodeDecodeError) as error:  # the latter of a column's name
        first = str(error).splitlines()[0]
        raise DataError(f"cannot read {path}: {first}; bring a whole copy") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(f"cannot read {path}: {error.strerror}") from error
        raise DataError(
            f"cannot unpack {path}: it is damaged or cut short ({error}); bring a whole copy"
        ) from error


def tables_in(path: Path) -> list[Path]:
    """Return the tables of a zip file as `path/name`, which can be read like other paths.

    Files that are hidden are left out. Raises DataError if the zip file cannot be read.
    """
    with plain_errors(path), zipfile.ZipFile(path) as packed:
        names = [
            name
            for name in packed.namelist()
            if not name.endswith("/")
            and not any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)
        ]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise DataError(f"{path} is a workbook or document; export its table as CSV")
    if "log.bin" in names:
        raise DataError(f"{path} is ActiGraph's own format; export its raw data as CSV")
    tables = [name for name in names if name.lower().endswith(TABLES)]
    if not tables and len(names) == 1:
        tables = names
    return [path / name for name in tables]


def first_bytes(path: Path, count: int = 16) -> bytes:
    """Return the first bytes of a file, of a member of a zip file as it is unpacked."""
    archive = _archive(path)
    with plain_errors(path):
        if archive is None:
            with path.open("rb") as stream:
                return stream.read(count)
        with zipfile.ZipFile(archive) as packed:
            return packed.open(path.relative_to(archive).as_posix()).read(count)


def _archive(path: Path) -> Path | None:
    """Return the zip file that a path is in."""
    if path.exists():
        return None
    return next((parent for parent in path.parents if parent.is_file()), None)


class Source:
    """Bytes of a file: unpacked, in UTF-8 without a mark, lines ended by line feeds.

    `size` and `done` are bytes of the file, or those of a member of a zip file. `encoding` is
    recognised: UTF-8, UTF-16, else cp1252. Raises DataError where there is no such file, it cannot
    be unpacked, or it is no text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._returns = False
        self._decoder: codecs.IncrementalDecoder | None = None
        with plain_errors(path):
            self._open()
        try:
            with plain_errors(path):
                self._pending = self._file.read(SNIFFED_BYTES)
            self.encoding = self._recognise()
        except DataError:
            self.close()
            raise

    def _open(self) -> None:
        path, archive = self.path, _archive(self.path)
        magic = first_bytes(path) if archive is None else b""
        kind = next((name for start, name in PACKED.items() if magic.startswith(start)), None)
        self.compression = kind
        other = next((name for start, name in OTHERS.items() if magic.startswith(start)), None)
        if other:
            raise DataError(f"{path} is {other}; export its table as CSV or Parquet")
        if kind == "zip":
            tables = tables_in(path)
            if len(tables) != 1:
                names = listed(table.relative_to(path).as_posix() for table in tables)
                raise DataError(f"{path} has to hold one table, not {len(tables)} ({names})")
            archive, path = path, tables[0]
        if archive is not None:
            self.compression = "zip"
            packed = zipfile.ZipFile(archive)
            self._raw: IO[bytes] = packed.open(path.relative_to(archive).as_posix())
            self.size = packed.getinfo(path.relative_to(archive).as_posix()).file_size
        else:
            self._raw = path.open("rb")
            self.size = path.stat().st_size
        unpack: dict[str | None, Any] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
        self._file: IO[bytes] = unpack.get(self.compression, lambda raw: raw)(self._raw)

    def _recognise(self) -> str:
        head = self._pending
        encoding = UTF_16.get(head[:2])
        if encoding is None and len(head) > 3:
            zeros = [head[start::2].count(0) / len(head[start::2]) for start in (0, 1)]
            if max(zeros) > 0.4 > 0.1 > min(zeros):
                encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        if encoding:
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            head = self._decoder.decode(head).encode()
            encoding = "utf-16"
        head = head.removeprefix(codecs.BOM_UTF8)
        if len(CONTROLS.findall(head)) > 0.01 * len(head.strip(b"\0")):
            raise DataError(f"{self.path} is no text; export its table as CSV or Parquet")
        self._returns = b"\r" in head[:-1] and b"\n" not in head
        self._pending = self._ended(head)
        if encoding is None:
            try:
                codecs.getincrementaldecoder("utf-8")().decode(head)
            except UnicodeDecodeError:
                return "cp1252"
        return encoding or "utf-8"

    def _ended(self, data: bytes) -> bytes:
        return data.replace(b"\r", b"\n") if self._returns else data

    @property
    def done(self) -> int:
        """What has been read so far, of `size`."""
        return self._raw.tell()

    def read(self, size: int) -> bytes:
        """Return about `size` more bytes; none at the end."""
        data, self._pending = self._pending, b""
        with plain_errors(self.path):
            while len(data) < size:
                more = self._file.read(size - len(data))
                if not more:
                    break
                if self._decoder:
                    more = self._decoder.decode(more).encode()
                data += self._ended(more)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
