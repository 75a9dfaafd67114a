"""The members of a zip or tar archive, listed only if each of them is safe to unpack."""

import errno
import hashlib
import re
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harmodels.data.archives.metered import MeteredFile, decompressed
from harmodels.errors import DataError, HarmodelsError, ResultsError

CHUNK = 1 << 20
LONGEST_NAME = 255  # bytes of a file name on the usual file systems
LONGEST_PATH = 1024  # bytes of a member's name with its folders
MOST_MEMBERS = 100_000  # files and folders of one archive
LARGEST_HEADER = 1 << 16  # bytes that a tar may spend on the name and the facts of one member
LARGEST_DIRECTORY = 1 << 24  # bytes of the list of members at the end of a zip
LARGEST_END = 1 << 24  # bytes after the last member of a tar, which tar pads with zeros
RESERVED = re.compile(r'[\x00-\x1f\\:*?"<>|]')

Opened = zipfile.ZipFile | tarfile.TarFile


@dataclass(frozen=True)
class Member:
    """A regular file inside an archive: its name, its declared size in bytes, how to open it."""

    name: str
    size: int
    info: zipfile.ZipInfo | tarfile.TarInfo


class DamagedError(Exception):
    """An archive cannot be read as what its first bytes promise."""


@contextmanager
def open_members(
    path: Path, nested: str | None, largest: int
) -> Iterator[tuple[Opened, list[Member]]]:
    """Open a zip or tar and give it with its regular files, all of them checked.

    Where the zip `nested` is inside, its members are given instead; all together may declare
    `largest` bytes. Raises DataError if the archive is damaged (also while the block reads it),
    exceeds a limit of this module, or has a member that is a link or a device, occurs twice, or
    would be written outside its folder.
    """
    try:
        with path.open("rb") as source, _listed(path, source, largest) as (outer, members):
            inner = [member for member in members if member.name.rsplit("/", 1)[-1] == nested]
            if not inner:
                yield outer, members
                return
            with tempfile.TemporaryFile() as stream:
                copy_member(outer, inner[0], stream)
                stream.seek(0)
                with _listed(path, stream, largest) as (archive, members):
                    yield archive, members
    except DamagedError as error:
        raise DataError(
            f"{path.name} is damaged or truncated ({error}); delete it and download it again"
        ) from error
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror or error}") from error


def copy_member(archive: Opened, member: Member, target: IO[bytes] | None) -> str:
    """Copy a member to `target`, if there is one, and return its SHA-256."""
    digest = hashlib.sha256()
    for chunk in _chunks(archive, member):
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest()


def safe_name(name: str) -> str:
    """Return the name under which a member may be written below any folder, without a leading `./`.

    Raises DataError if the name is absolute, climbs with `..`, has a drive letter, or is no plain
    file name on every system.
    """
    name = name.removeprefix("./")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise DataError(f"member {name!r} would be written outside its folder")
    if RESERVED.search(name) or "" in parts or "." in parts:
        raise DataError(f"member {name!r} has a drive letter, a backslash or no plain file name")
    lengths = [len(part.encode("utf-8", "surrogateescape")) for part in parts]
    if max(lengths) > LONGEST_NAME or sum(lengths) + len(lengths) > LONGEST_PATH:
        raise DataError(f"member {name[:60]!r}… has too long a name")
    return name


@contextmanager
def _reading() -> Iterator[None]:
    """Give whatever the libraries raise while they read a damaged archive one name.

    Hostile bytes bring out nearly every exception there is: of struct, of the compressions, of
    seeking before the beginning.
    """
    try:
        yield
    except (HarmodelsError, MemoryError):
        raise
    except OSError as error:
        # an error without a number comes from a library; of the others these two are of the file
        if error.errno not in (None, errno.EINVAL, errno.EIO):
            raise
        raise DamagedError(error) from error
    except Exception as error:
        raise DamagedError(error) from error


@contextmanager
def _listed(path: Path, stream: IO[bytes], largest: int) -> Iterator[tuple[Opened, list[Member]]]:
    """Open an archive and give it with its checked members."""
    with _reading():
        source = MeteredFile(stream, LARGEST_DIRECTORY, _too_large(path, "list of members"))
        if zipfile.is_zipfile(source):
            archive: Opened = zipfile.ZipFile(source)
        else:
            archive, source = _open_tar(path, stream)
    with archive:
        with _reading():
            members = _check(path, archive, source, largest)
        source.allow(None)  # the sizes of what is read from now on are known and checked
        yield archive, members


def _open_tar(path: Path, stream: IO[bytes]) -> tuple[tarfile.TarFile, MeteredFile]:
    stream.seek(0)
    limit = LARGEST_HEADER + tarfile.RECORDSIZE
    source = MeteredFile(decompressed(stream), limit, _too_large(path, "header of a member"))
    try:
        return tarfile.TarFile(fileobj=source), source
    except tarfile.ReadError as error:
        raise DataError(
            f"{path.name} is no zip and no tar archive, or is truncated; "
            "delete it and download it again"
        ) from error


def _too_large(path: Path, what: str) -> str:
    return (
        f"{path.name}: the {what} takes more than {{limit:,}} bytes, which no archive of "
        "recordings needs; delete the archive and take it from another source"
    )


def _chunks(archive: Opened, member: Member) -> Iterator[bytes]:
    with _reading():
        source = _open_member(archive, member)
    with source:
        while True:
            with _reading():
                chunk = source.read(CHUNK)
            if not chunk:
                return
            yield chunk


def _open_member(archive: Opened, member: Member) -> IO[bytes]:
    if isinstance(archive, zipfile.ZipFile) and isinstance(member.info, zipfile.ZipInfo):
        return archive.open(member.info)
    if isinstance(archive, tarfile.TarFile) and isinstance(member.info, tarfile.TarInfo):
        stream = archive.extractfile(member.info)
        if stream is not None:
            return stream
    raise DataError(f"member {member.name!r} is not a regular file of this archive")


def _check(path: Path, archive: Opened, source: MeteredFile, largest: int) -> list[Member]:
    """Return the regular files; refuse the whole archive for one member that is unsafe."""
    members: dict[str, Member] = {}
    total = 0
    # a tar is read member by member, so that a bomb is noticed before all of it is decompressed
    for number, (raw, size, kind, info) in enumerate(_iterate(path, archive, source), start=1):
        if number > MOST_MEMBERS:
            raise DataError(
                f"{path.name} has more than {MOST_MEMBERS:,} members, a bomb perhaps; "
                "pack only the recordings"
            )
        if kind == "folder" and raw.strip("/") in ("", "."):
            continue
        try:
            name = safe_name(raw.rstrip("/") if kind == "folder" else raw)
        except DataError as error:
            raise DataError(f"{path.name}: {error}") from None
        if kind == "folder":
            continue
        if kind != "file":
            raise DataError(f"{path.name}: member {name!r} is {kind}, not a regular file")
        # names that differ only in case or in Unicode form are one file on some systems
        key = unicodedata.normalize("NFC", name).casefold()
        if key in members:
            raise DataError(f"{path.name}: member {name!r} occurs twice")
        total += size
        if total > largest:
            raise DataError(f"{path.name} unpacks to more than {largest:,} bytes, a bomb perhaps")
        members[key] = Member(name, size, info)
    _refuse_files_as_folders(path, members)
    return list(members.values())


def _refuse_files_as_folders(path: Path, members: dict[str, Member]) -> None:
    for key, member in members.items():
        parts = key.split("/")
        if any("/".join(parts[:n]) in members for n in range(1, len(parts))):
            raise DataError(f"{path.name}: member {member.name!r} lies inside another file")


def _iterate(
    path: Path, archive: Opened, source: MeteredFile
) -> Iterator[tuple[str, int, str, zipfile.ZipInfo | tarfile.TarInfo]]:
    """Yield name, size, kind (`file`, `folder`, or what else it is) and entry of each member."""
    if isinstance(archive, zipfile.ZipFile):
        for entry in archive.infolist():
            # orig_filename: zipfile cuts `filename` at a NUL and turns separators
            yield entry.orig_filename, entry.file_size, _zip_kind(entry), entry
        return
    for info in archive:
        kind = "file" if info.isreg() else "folder" if info.isdir() else "a link or a device"
        yield info.name, info.size, kind, info
        source.allow(LARGEST_HEADER)
    # to the end, where gzip keeps its checksum: tar itself stops at the first empty block
    source.allow(LARGEST_END, _too_large(path, "end of the archive"))
    while source.read(CHUNK):
        pass


def _zip_kind(info: zipfile.ZipInfo) -> str:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 1:
        return "encrypted"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device"
    return "folder" if info.is_dir() else "file"
