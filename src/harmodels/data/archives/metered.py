"""Files that refuse to be read beyond an allowance, so that no header fills the memory."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import IO, Any

from harmodels.errors import DataError

# First bytes of a compressed file, and what decompresses it.
COMPRESSIONS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"]\x00\x00": lzma.open,
}


class MeteredFile(io.RawIOBase):
    """A file for `zipfile` and `tarfile`, which read a whole header at once, whatever its size.

    `limit` bytes may be read until `allow` is called; `{limit}` in the error's `message` is the
    limit.
    """

    def __init__(self, stream: IO[bytes], limit: int, message: str) -> None:
        self._stream = stream
        self._message = message
        self.allow(limit)

    def allow(self, limit: int | None, message: str | None = None) -> None:
        """Allow `limit` more bytes from now on, any number if it is None."""
        self._limit = self._left = limit
        self._message = message or self._message

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; DataError if they would exceed the allowance."""
        if self._left is None:
            return self._stream.read(size)
        content = b""
        if size <= self._left:
            content = self._stream.read(size if size >= 0 else self._left + 1)
        if max(size, len(content)) > self._left:
            raise DataError(self._message.format(limit=self._limit))
        self._left -= len(content)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place; the bytes that are skipped do not count."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Return True: archives are files."""
        return True

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""


def decompressed(stream: IO[bytes]) -> IO[bytes]:
    """Return the decompressed content of a file, or the file itself if it is not compressed."""
    start = stream.read(6)
    stream.seek(0)
    for magic, opener in COMPRESSIONS.items():
        if start.startswith(magic):
            opened: IO[bytes] = opener(stream)
            return opened
    return stream
