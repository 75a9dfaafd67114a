"""Download of an archive: from the user's folder, a mirror, or an address of the registry."""

import io
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pooch

from harmodels.data.archives.extract import official, pack, verify
from harmodels.data.dataset import Archive, Dataset
from harmodels.errors import DataError, DownloadError
from harmodels.files import atomic_path
from harmodels.runtime.log import LOGGER

pooch.get_logger().setLevel(logging.WARNING)  # below it names addresses with their passwords
ATTEMPTS = 3  # requests before an address is given up; the pauses between them grow
TIMEOUT_S = 30.0  # longest wait for a connection and between two pieces of an answer
CHUNK = 1 << 14
# user:password before a host; the second form is of a password that holds a slash
SECRET = re.compile(r"(?<=://)(?:[^/\s]*|[^/\s:@]*:(?!\d+(?:/|$))\S*)@")


def fetch(dataset: Dataset, target: Path, mirror: str | None, *, progress: bool = True) -> None:
    """Put the archive of a data set at `target`, verified, whole or not at all.

    A file at `target`, or beside it under another accepted name, comes first and no address is
    asked; then the mirror (a folder or an http(s) address), then each address of the registry. What
    an address of the registry sends has a known hash, also where a user's own file may have
    another. Passwords in addresses and control characters from servers reach no log and no message.

    Raises DownloadError naming the file, all that was tried with its reason, and where to put the
    file by hand; ResultsError if the disk is full or the folder cannot be written.
    """
    archive = dataset.archive
    if archive is None:
        raise DownloadError(f"{dataset.name} is simulated; there is nothing to download")
    bar = progress and sys.stderr.isatty()
    offered, tried = _in_mirror(mirror, archive)
    if mirror is not None and tried:
        LOGGER.warning("%s", tried[0])
    for source in _sources(archive, target, offered):
        try:
            if isinstance(source, Path):
                _take(source, target, archive)
            else:
                wanted = official(archive) if source in archive.addresses else archive
                _download(source, target, wanted, bar)
        except (DataError, DownloadError) as error:
            tried.append(printable(f"{source}: {error}"))
            LOGGER.warning("%s", tried[-1])
        else:
            LOGGER.info("%s comes from %s", target.name, printable(str(source)))
            return
    raise DownloadError(_nothing_answered(dataset, archive, target, tried))


def printable(text: str) -> str:
    r"""Return a line without passwords of addresses and without control characters.

    >>> printable("http://me:secret@host/a\x1b[31m")
    'http://***@host/a?[31m'
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return SECRET.sub("***@", shown)


def _sources(archive: Archive, target: Path, offered: list[Path | str]) -> Iterator[Path | str]:
    """Yield files that exist and addresses, in the order in which they are tried."""
    by_hand = [target, *(target.parent / name for name in archive.names if name != target.name)]
    yield from (path for path in by_hand if path.is_file())
    yield from _unpacked(archive, target.parent)
    yield from offered
    yield from archive.addresses


def _in_mirror(mirror: str | None, archive: Archive) -> tuple[list[Path | str], list[str]]:
    """Return what a mirror offers of an archive; if that is nothing, why, in one line."""
    if mirror is None:
        return [], ["no mirror is named (HARMODELS_MIRROR or the key mirror)"]
    if mirror.lower().startswith(("http://", "https://")):
        return [f"{mirror.rstrip('/')}/{quote(name)}" for name in archive.names], []
    found = _held(archive, Path(os.path.expanduser(mirror)))  # pathlib raises
    names = " or ".join(map(repr, archive.names))
    reason = f"mirror {printable(mirror)}: neither a folder with {names} nor an http(s) address"
    return list(found), [] if found else [reason]


def _held(archive: Archive, folder: Path) -> list[Path]:
    files = [folder / name for name in archive.names if (folder / name).is_file()]
    return [*files, *_unpacked(archive, folder)]


def _unpacked(archive: Archive, folder: Path) -> list[Path]:
    """Return the folder of a user's zip that is still, or again, unpacked, if there is one."""
    path = folder / archive.file.removesuffix(".zip")
    return [path] if archive.user_file and archive.file.endswith(".zip") and path.is_dir() else []


def _take(source: Path, target: Path, archive: Archive) -> None:
    if source.is_dir():
        pack(source, target)
    verify(target if source.is_dir() else source, archive)
    for name in archive.beside:  # what a user may put beside the archive
        if (source.parent / name).is_file() and source.parent != target.parent:
            _copy(source.parent / name, target.parent / name)
    if source != target and not source.is_dir():
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


class _Bounded(io.BufferedWriter):
    """A file that takes no more bytes than an archive may unpack to: an answer may never end."""

    def __init__(self, path: str, largest: int) -> None:
        super().__init__(io.FileIO(path, "w"))
        self._largest = largest

    def write(self, chunk: Any) -> int:
        if self.tell() + len(chunk) > self._largest:
            raise DownloadError(f"sends more than {self._largest:,} bytes; it is no such archive")
        return super().write(chunk)


def _download(address: str, target: Path, archive: Archive, bar: bool) -> None:
    """Download with pooch, which asks again after a pause where that may help, and verify."""
    ask = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT_S)

    def receive(address: str, path: str, _: object) -> None:
        LOGGER.info("asking %s", printable(address))
        with _Bounded(path, archive.largest_bytes) as stream:
            try:
                ask(address, stream, None)
            except OSError as error:  # the base of everything that requests raises
                if getattr(getattr(error, "response", None), "status_code", 500) >= 500:
                    raise
                raise DownloadError(_reason(error)) from None  # the same if asked again

    with atomic_path(target) as temporary:
        name = temporary.name
        temporary.unlink()  # pooch would keep it
        files = pooch.Pooch(temporary.parent, "", {name: None}, {name: address}, ATTEMPTS - 1)
        try:
            files.fetch(name, downloader=receive)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of this machine's disk, not of the network
            # without its cause, which may quote a password
            raise DownloadError(f"{_reason(error)} ({ATTEMPTS} attempts)") from None
        verify(temporary, archive)


def _reason(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"HTTP {answer.status_code} {answer.reason}"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _nothing_answered(dataset: Dataset, archive: Archive, target: Path, tried: list[str]) -> str:
    """Return the message: the file, what was tried and why it failed, and what to do now."""
    others = "".join(f" or {name!r}" for name in archive.names[1:])
    ways = (["download it by hand"] if archive.addresses else []) + (
        ["bring your own copy"] if archive.user_file else []
    )
    known = f"The known file has the git blob hash {archive.git_blob}. " * bool(archive.git_blob)
    return "\n".join(
        [
            f"cannot get {archive.file!r} of {dataset.title}:",
            *(f"  - {attempt}" for attempt in tried),
            f"Please {' or '.join(ways)}, put it into {target.parent.resolve()} or a "
            f"mirror as {archive.file!r}{others}, and give the same command again. {known}"
            "`make demo` shows everything on simulated recordings, without a download.",
            *([f"More about the data set: {dataset.homepage}"] if dataset.homepage else []),
        ]
    )
