"""Recordings of a user's own, which are read where they lie and never copied."""

import os
from collections.abc import Iterable
from pathlib import Path

from harmodels.data.dataset import Dataset
from harmodels.errors import DataError
from harmodels.files import sha256

STRANGE = "__macosx"  # beside what begins with a dot: what macOS adds to an archive


def visible_files(path: Path) -> list[Path]:
    """Return a file, or all files of a folder in order, but for hidden ones and those of programs.

    Hidden are `._walk.csv` of macOS, `.ipynb_checkpoints` of Jupyter and all that begins with a
    dot. Links are followed, into each folder once.
    """
    if not path.is_dir():
        return [path] if path.is_file() else []
    found: list[Path] = []
    seen: set[str] = set()
    for folder, folders, files in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        visible = [name for name in sorted(folders) if not _is_hidden(name)]
        folders[:] = [] if real in seen else visible
        if real not in seen:
            own = (Path(folder, name) for name in files if not _is_hidden(name))
            found += (file for file in own if file.is_file())
        seen.add(real)
    return sorted(found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() == STRANGE


def own_recordings(dataset: Dataset) -> Path | None:
    """Return the file or folder of a user's own that the parser reads where it lies; else None.

    It is that of the key `recordings`, or lies beside the registry where an archive is a table, an
    HDF5 file, or a zip that is still unpacked.
    """
    if dataset.recordings is not None:
        return dataset.folder / Path(dataset.recordings).expanduser() / dataset.path
    own, archive = own_archive(dataset), dataset.archive
    if own is None or archive is None or (own.is_file() and archive.kind == "archive"):
        return None
    return own if own.is_file() else dataset.folder / dataset.path


def own_archive(dataset: Dataset) -> Path | None:
    """Return what lies beside the registry of an archive that a user may bring: file or folder."""
    archive = dataset.archive
    if archive is None or not archive.user_file:
        return None
    files = [dataset.folder / name for name in archive.names]
    folder = dataset.folder / archive.file.removesuffix(".zip")
    unpacked = archive.file.endswith(".zip") and folder.is_dir()
    return next((file for file in files if file.is_file()), folder if unpacked else None)


def own_files(dataset: Dataset) -> list[Path]:
    """Return every file of a user's own that decides about the sequences of a data set.

    Where recordings are missing it is their path.
    """
    path = own_archive(dataset)
    if dataset.recordings is not None:
        path = dataset.folder / Path(dataset.recordings).expanduser()
    if path is None:
        return []
    beside, layout, archive = path if path.is_dir() else path.parent, dataset.table, dataset.archive
    named = [] if layout is None else [layout.label_file, layout.intervals]
    named += [] if archive is None else [*archive.beside]
    more = [beside / name for name in named if name and (beside / name).is_file()]
    return list(dict.fromkeys([*(visible_files(path) or [path]), *more]))


def check_own_files(dataset: Dataset) -> None:
    """Raise DataError naming the recordings of a user's own where they hold no file."""
    for file in own_files(dataset):
        if not file.is_file():
            what = "holds no file" if file.is_dir() else "does not exist"
            raise DataError(
                f"{dataset.name}: {file} {what}; the registry names it with the key recordings"
            )


def hashes(files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of files by path; raise DataError naming one that cannot be read."""
    try:
        return {str(file): sha256(file) for file in files}
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def refuse_changed(dataset: Dataset, planned: dict[str, str]) -> None:
    """Raise DataError naming a file that is not as it was when the workflow was planned."""
    found = hashes(own_files(dataset))
    changed = sorted(set(found.items()) ^ set(planned.items()))
    if changed:
        raise DataError(
            f"{dataset.name}: {changed[0][0]} was changed while it was read; give the same command "
            "again"
        )
