"""Getting an archive: what the user put by hand, a mirror, then each address."""

import logging
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import pooch

from harmodels.data.archives.extract import pack, verify
from harmodels.data.registry import Archive, Dataset
from harmodels.errors import DataError, DownloadError
from harmodels.files import atomic_path

LOGGER = logging.getLogger("harmodels")
CHUNK = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long an address is waited for.

    Attributes
    ----------
    attempts
        Requests before an address is given up.
    timeout_s
        Longest wait for a connection and between two pieces of an answer.
    pause_s
        Wait before the second request; it doubles from one to the next.
    """

    attempts: int = 3
    timeout_s: float = 30.0
    pause_s: float = 2.0


def fetch(
    dataset: Dataset,
    target: Path,
    mirror: str | None,
    *,
    progress: bool = True,
    patience: Patience | None = None,
) -> None:
    """Put the archive of a data set at `target`, verified, whole or not at all.

    A file that lies at `target`, or beside it under another accepted name, comes first and no
    address is asked; then the mirror, then each address of the registry.

    Parameters
    ----------
    dataset
        The registry's entry.
    target
        Path of the archive; its name should be the registry's.
    mirror
        A folder or an http(s) address that holds the file, or None.
    progress
        Whether a bar is drawn, if standard error is a terminal.
    patience
        How long an address is waited for.

    Raises
    ------
    DownloadError
        If nothing delivers an archive that passes its checksum: names the file, all that was
        tried with its reason, and where to put the file by hand.
    ResultsError
        If the disk is full or the folder cannot be written.
    """
    archive = dataset.archive
    if archive is None:
        raise DownloadError(f"{dataset.name} is simulated; there is nothing to download")
    bar = progress and sys.stderr.isatty()
    tried: list[str] = []
    for source in _sources(archive, target, mirror):
        try:
            if isinstance(source, Path):
                _take(source, target, archive)
            else:
                _download(source, target, archive, patience or Patience(), bar)
        except (DataError, DownloadError) as error:
            tried.append(f"{source}: {error}")
            LOGGER.warning("%s: %s", source, error)
        else:
            LOGGER.info("%s comes from %s", target.name, source)
            return
    raise DownloadError(_nothing_answered(dataset, archive, target, mirror, tried))


def _sources(archive: Archive, target: Path, mirror: str | None) -> Iterator[Path | str]:
    """Yield files that exist and addresses, in the order in which they are tried."""
    by_hand = [target, *(target.parent / name for name in archive.names if name != target.name)]
    yield from (path for path in by_hand if path.is_file())
    yield from _unpacked(archive, target.parent)
    if mirror is not None and _is_address(mirror):
        yield from (f"{mirror.rstrip('/')}/{quote(name)}" for name in archive.names)
    elif mirror is not None:
        yield from _in_folder(mirror, archive)
    yield from archive.addresses


def _is_address(mirror: str) -> bool:
    return mirror.startswith(("http://", "https://"))


def _in_folder(mirror: str, archive: Archive) -> list[Path]:
    paths = [Path(mirror).expanduser() / name for name in archive.names]
    files = [path for path in paths if path.is_file()]
    return [*files, *_unpacked(archive, Path(mirror).expanduser())]


def _unpacked(archive: Archive, folder: Path) -> list[Path]:
    """Return the folder of a user's zip that is still, or again, unpacked, if there is one."""
    path = folder / archive.file.removesuffix(".zip")
    return [path] if archive.user_file and path.is_dir() else []


def _take(source: Path, target: Path, archive: Archive) -> None:
    if source.is_dir():
        pack(source, target)
        verify(target, archive)
        _take_beside(source, target, archive)
        return
    verify(source, archive)
    _take_beside(source, target, archive)
    if source != target:
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)


def _take_beside(source: Path, target: Path, archive: Archive) -> None:
    """Copy what a user may put beside the archive, from where the archive was found."""
    for name in archive.beside:
        if (source.parent / name).is_file() and source.parent != target.parent:
            with atomic_path(target.parent / name) as temporary:
                shutil.copyfile(source.parent / name, temporary)


def _download(address: str, target: Path, archive: Archive, patience: Patience, bar: bool) -> None:
    """Download and verify, again after a pause if the connection or the server failed."""
    for attempt in range(1, patience.attempts + 1):
        LOGGER.info("asking %s", address)
        try:
            with atomic_path(target) as temporary:
                with temporary.open("wb") as stream:
                    _request(address, _Bounded(stream, archive), patience.timeout_s, bar)
                verify(temporary, archive)
            return
        except _NoAnswerError as error:
            if not error.may_pass:
                raise
            if attempt == patience.attempts:
                raise DownloadError(f"{error} ({attempt} attempts)") from error
            LOGGER.warning("%s: %s; trying again", address, error)
        time.sleep(patience.pause_s * 2 ** (attempt - 1))


class _Bounded:
    """A file that takes no more bytes than an archive may unpack to: a server may never end."""

    def __init__(self, stream: IO[bytes], archive: Archive) -> None:
        self.stream = stream
        self.left = self.largest = archive.largest_bytes

    def write(self, chunk: bytes) -> int:
        self.left -= len(chunk)
        if self.left < 0:
            reason = f"sends more than {self.largest:,} bytes, which is not this archive"
            raise _NoAnswerError(reason, may_pass=False)
        return self.stream.write(chunk)

    def flush(self) -> None:
        self.stream.flush()


def _request(address: str, stream: "_Bounded", timeout_s: float, bar: bool) -> None:
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=timeout_s)
    try:
        downloader(address, stream, None)
    except OSError as error:  # the base of everything that requests raises
        if error.errno is not None:
            raise  # of this machine's disk, not of the network
        raise _explained(error, timeout_s) from error
    except ValueError as error:  # an address that requests cannot read
        raise _NoAnswerError(str(error), may_pass=False) from error


class _NoAnswerError(DownloadError):
    """An address did not deliver; `may_pass` says whether asking again can help."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def _explained(error: OSError, timeout_s: float) -> _NoAnswerError:
    response = getattr(error, "response", None)
    if response is not None:
        status = int(response.status_code)
        may_pass = status >= 500 or status in (408, 429)
        return _NoAnswerError(f"HTTP {status} {response.reason}", may_pass=may_pass)
    if "timed out" in str(error).lower():
        return _NoAnswerError(f"no answer within {timeout_s:g} s", may_pass=True)
    text = " ".join(str(error).split())
    return _NoAnswerError(f"{type(error).__name__}: {text[:200]}", may_pass=True)


def _nothing_answered(
    dataset: Dataset, archive: Archive, target: Path, mirror: str | None, tried: list[str]
) -> str:
    """Return the message: the file, what was tried and why it failed, and what to do now."""
    if mirror is None:
        tried = [*tried, "no mirror is named (HARMODELS_MIRROR or the key mirror)"]
    elif not _is_address(mirror) and not _in_folder(mirror, archive):
        names = " or ".join(map(repr, archive.names))
        tried = [f"mirror {mirror}: holds no file {names}", *tried]
    others = "".join(f" or {name!r}" for name in archive.names[1:])
    how = "bring your own copy" if archive.user_file else "download it by hand"
    return "\n".join(
        [
            f"cannot get {archive.file!r} of {dataset.title}:",
            *(f"  - {attempt}" for attempt in tried),
            f"Please {how}, put it into {target.parent.resolve()} as {archive.file!r}{others}, "
            "and give the same command again. "
            "`make demo` shows everything on simulated recordings, without a download.",
        ]
    )
