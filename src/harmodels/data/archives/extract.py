"""Archives, checked by their hash or member by member, and unpacked whole or not at all."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harmodels.data.archives.members import Member, copy_member, open_members
from harmodels.data.dataset import Archive, Dataset
from harmodels.errors import DataError, ResultsError
from harmodels.files import MORE_SPACE, atomic_path, git_blob, sha256

LARGEST = 2_000_000_000  # bytes that an archive may unpack to, where the registry sets no limit
HDF5 = b"\x89HDF\r\n\x1a\n"
MAGIC = {".h5": HDF5, ".hdf5": HDF5, ".parquet": b"PAR1"}  # first bytes, by a name's ending


def unpack(dataset: Dataset, source: Path, folder: Path) -> None:
    """Make the folder of raw files of a data set from what `download.fetch` delivered."""
    archive = dataset.archive
    if archive is None:
        raise DataError(f"{dataset.name} has no archive; its recordings are simulated")
    if not archive.user_file:
        checksums, largest = archive.checksums, archive.largest_bytes
        extract(source, folder, checksums, nested=archive.nested, largest=largest)
        return
    verify(source, archive)
    if archive.kind == "archive":
        beside = [source.parent / name for name in archive.beside]
        extract(source, folder, None, largest=archive.largest_bytes, beside=beside)
        return
    with _whole_folder(folder) as temporary:
        path = temporary / dataset.path
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)


def pack(folder: Path, target: Path) -> None:
    """Make the zip of a folder that a user brings unpacked; its name is kept inside.

    Files are stored in the order of their names, so the same folder gives the same members. Raises
    DataError if the folder holds no file, or something that is neither a file nor a folder.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    strange = [path for path in paths if path.is_symlink() or not path.is_file()]
    if strange or not paths:
        what = f"{strange[0]} is a link or a device" if strange else f"{folder} is empty"
        raise DataError(f"{what}; bring the recordings as plain files")
    with (
        atomic_path(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive,
    ):
        for path in paths:
            archive.write(path, path.relative_to(folder.parent).as_posix())


def extract(
    archive: Path,
    folder: Path,
    checksums: Mapping[str, str] | None,
    *,
    nested: str | None = None,
    largest: int = LARGEST,
    beside: Iterable[Path] = (),
) -> None:
    """Unpack a zip or tar into `folder`, which is whole afterwards or as it was before.

    Where `checksums` are given, the members that they name are unpacked and have to have these
    SHA-256, others are left out. Where the zip `nested` is inside, it is unpacked instead. All
    members together may declare `largest` bytes. Files `beside` are copied into the folder where
    they exist and the archive lacks them.

    Raises DataError if the archive is damaged, declares too much, or a member is missing, has
    another hash or is refused by `open_members`; ResultsError if the folder cannot be written.
    """
    _refuse_other_kinds(archive)
    with (
        open_members(archive, nested, largest) as (opened, members),
        _whole_folder(folder) as target,
    ):
        for member in _listed(archive, members, checksums):
            path = target / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                digest = copy_member(opened, member, stream)
            _compare(archive, member.name, digest, checksums)
        for path in beside:
            if path.is_file() and not (target / path.name).exists():
                shutil.copyfile(path, target / path.name)


def verify(path: Path, archive: Archive) -> None:
    """Check that a file is the archive it should be; raise DataError saying what it is instead.

    Its hash is a known one, or every listed member has the listed hash (a repacked archive). Of a
    file that users may bring, it is checked that it is a safe archive, an HDF5 file or a table, as
    its name in the registry says; a download of it has to be the known one (`official`).
    """
    _refuse_other_kinds(path)
    if archive.user_file:
        _verify_kind(path, archive)
        return
    digest = sha256(path)
    if digest in archive.sha256:
        return
    if archive.git_blob is not None:
        blob = git_blob(path)
        if blob == archive.git_blob:
            return
        if archive.checksums is None:
            raise DataError(f"{path.name} has the git blob hash {blob}, not {archive.git_blob}")
    with open_members(path, archive.nested, archive.largest_bytes) as (opened, members):
        if archive.checksums is None:
            known = " or ".join(archive.sha256)
            raise DataError(f"{path.name} has the SHA-256 {digest}, not {known}")
        for member in _listed(path, members, archive.checksums):
            _compare(path, member.name, copy_member(opened, member, None), archive.checksums)


def official(archive: Archive) -> Archive:
    """Return an archive as it has to be where an address of the registry sends it."""
    return archive.replaced(user_file=False)


def _verify_kind(path: Path, archive: Archive) -> None:
    if archive.kind == "archive":
        with open_members(path, None, archive.largest_bytes):
            return
    size = path.stat().st_size
    if size > archive.largest_bytes:
        raise DataError(
            f"{path.name} has {size:,} bytes, more than {archive.largest_bytes:,}; raise "
            "largest_bytes in the registry if it is the right file"
        )
    magic = MAGIC.get(Path(archive.file).suffix.lower(), b"")
    with path.open("rb") as stream:
        if stream.read(len(magic)) != magic:
            raise DataError(f"{path.name} is not the {archive.kind} file that its name promises")


def _listed(path: Path, members: list[Member], checksums: Mapping[str, str] | None) -> list[Member]:
    if checksums is None:
        return members
    missing = sorted(set(checksums) - {member.name for member in members})
    if missing:
        raise DataError(f"{path.name} lacks the member {missing[0]!r}; it is another archive")
    return [member for member in members if member.name in checksums]


def _compare(path: Path, name: str, digest: str, checksums: Mapping[str, str] | None) -> None:
    if checksums is not None and checksums[name] != digest:
        raise DataError(
            f"{path.name}: member {name!r} has the SHA-256 {digest}, not {checksums[name]}; "
            "delete the archive and download it again"
        )


def _refuse_other_kinds(path: Path) -> None:
    """Say in words what an empty file or a web page is, before an archive is looked for."""
    try:
        with path.open("rb") as stream:
            start = stream.read(512).lstrip().lower()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if not start:
        raise DataError(f"{path.name} is empty")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError(f"{path.name} is a web page (an error page perhaps), not an archive")


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`; put it in its place when the block succeeds."""
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        yield temporary
        # mkdtemp makes folders private; results are meant to be read by all the umask allows
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except OSError as error:
        raise ResultsError(
            f"cannot write {folder}: {error.strerror or error}. {MORE_SPACE}"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
