"""Download of an archive: from the user's folder, a mirror, or an address of the registry."""

import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from harmodels.data.archives.extract import official, pack, verify
from harmodels.data.archives.http import RetryPolicy, download, printable
from harmodels.data.dataset import Archive, Dataset
from harmodels.errors import DataError, DownloadError
from harmodels.files import atomic_path

LOGGER = logging.getLogger("harmodels")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def fetch(
    dataset: Dataset,
    target: Path,
    mirror: str | None,
    *,
    progress: bool = True,
    policy: RetryPolicy | None = None,
) -> None:
    """Put the archive of a data set at `target`, verified, whole or not at all.

    A file at `target`, or beside it under another accepted name, comes first and no address is
    asked; then the mirror, then each address of the registry. What an address of the registry
    sends has a known hash, also where a user's own file may have another. Passwords in addresses
    and control characters from servers reach no log and no message.

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
    policy
        When an address is asked again, and when it is given up.

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
    offered, tried = _in_mirror(mirror, archive)
    if mirror is not None and tried:
        LOGGER.warning("%s", tried[0])
    for source in _sources(archive, target, offered):
        try:
            if isinstance(source, Path):
                _take(source, target, archive)
            else:
                wanted = official(archive) if source in archive.addresses else archive
                download(source, target, wanted, policy or RetryPolicy(), bar)
        except (DataError, DownloadError) as error:
            tried.append(printable(f"{source}: {error}"))
            LOGGER.warning("%s", tried[-1])
        else:
            LOGGER.info("%s comes from %s", target.name, printable(str(source)))
            return
    raise DownloadError(_nothing_answered(dataset, archive, target, tried))


def _sources(archive: Archive, target: Path, offered: list[Path | str]) -> Iterator[Path | str]:
    """Yield files that exist and addresses, in the order in which they are tried."""
    by_hand = [target, *(target.parent / name for name in archive.names if name != target.name)]
    yield from (path for path in by_hand if path.is_file())
    yield from _unpacked(archive, target.parent)
    if archive.user_file and archive.folder is not None:
        beside = [archive.folder / name for name in archive.names]
        yield from (path for path in beside if path.is_file())
        yield from _unpacked(archive, archive.folder)
    yield from offered
    yield from archive.addresses


def _in_mirror(mirror: str | None, archive: Archive) -> tuple[list[Path | str], list[str]]:
    """Return what a mirror offers of an archive; if that is nothing, why, in one line."""
    if mirror is None:
        return [], ["no mirror is named (HARMODELS_MIRROR or the key mirror)"]
    if mirror.lower().startswith(("http://", "https://")):
        return [f"{mirror.rstrip('/')}/{quote(name)}" for name in archive.names], []
    scheme = SCHEME.match(mirror)
    if scheme:
        return [], [
            printable(f"mirror {mirror}: the scheme {scheme[1]}:// is not known; ")
            + "name a folder, or an address that begins with http:// or https://"
        ]
    try:
        folder = Path(mirror).expanduser()
    except RuntimeError:
        return [], [f"mirror {mirror}: nobody here has this home; write the folder's whole path"]
    files = [folder / name for name in archive.names if (folder / name).is_file()]
    found = [*files, *_unpacked(archive, folder)]
    names = " or ".join(map(repr, archive.names))
    return list(found), [] if found else [f"mirror {mirror}: holds no file {names}"]


def _unpacked(archive: Archive, folder: Path) -> list[Path]:
    """Return the folder of a user's zip that is still, or again, unpacked, if there is one."""
    path = folder / archive.file.removesuffix(".zip")
    return [path] if archive.user_file and archive.file.endswith(".zip") and path.is_dir() else []


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
