"""Checks of the folder that results are written into, before anything is planned."""

import os
from collections.abc import Iterable
from pathlib import Path

from harmodels.errors import ResultsError
from harmodels.files import MORE_SPACE, why_unwritable


def check_folders(work: Path, names: Iterable[str]) -> str | None:
    """Return a warning about the folder `work`, where Snakemake runs; None if nothing hinders.

    A dry run may look at results that it cannot write, so that alone is no error. But Snakemake
    writes into its folder `.snakemake` even then. `names` are the folders that will hold results.
    """
    for name in names:
        _refuse_dead_ends(work / name)
    notes = work / ".snakemake"
    if not os.access(notes if notes.is_dir() else work, os.W_OK):
        raise ResultsError(
            f"Snakemake writes into {notes}, even in a dry run, and cannot. {MORE_SPACE}"
        )
    return why_unwritable(work)


def _refuse_dead_ends(path: Path) -> None:
    for part in (path, *path.parents):
        if part.is_symlink() and not part.exists():
            raise ResultsError(
                f"{part} is a link to {part.readlink()}, which does not exist. Make that folder, "
                f"or remove the link. {MORE_SPACE}"
            )
        if part.exists():
            if not part.is_dir():
                raise ResultsError(f"{part} is a file, not a folder. Move it away. {MORE_SPACE}")
            return
