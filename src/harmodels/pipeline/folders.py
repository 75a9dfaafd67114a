"""Checks of the folders of results and of a user's recordings, before anything is planned."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harmodels.data.dataset import Dataset
from harmodels.data.own_files import check_own_files, own_recordings
from harmodels.errors import ConfigurationError, DataError, ResultsError
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


def check_module(modifier: Any) -> None:
    """Raise ConfigurationError where this workflow is a module whose paths Snakemake changes.

    `modifier` is `workflow.modifier.path_modifier`. Snakemake would change the paths of the rules,
    and not those below results/ that scripts and records hold.
    """
    while modifier is not None:
        if modifier.prefix or modifier._prefix_replacements:
            raise ConfigurationError(
                "module: prefix and replace_prefix cannot be used with this workflow, whose paths "
                "begin with results/ in scripts and records as well; remove them, or run it by "
                "itself: harmodels run --directory FOLDER"
            )
        modifier = modifier.inner_modifier


def check_recordings(work: Path, datasets: Iterable[Dataset]) -> None:
    """Raise DataError naming recordings of a user's own that cannot be read.

    They are missing and were never read, or their folder holds the results too, which change.
    """
    results = (work / "results").resolve()
    for dataset in datasets:
        path = own_recordings(dataset)
        if path is not None and path.is_dir() and results.is_relative_to(path.resolve()):
            raise DataError(
                f"{dataset.name}: the folder of the recordings, {path.resolve()}, holds the "
                "results too; put the recordings into a folder of their own"
            )
        if not (work / "results" / "datasets" / dataset.name / "sequences.parquet").exists():
            check_own_files(dataset)


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
