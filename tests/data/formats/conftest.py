"""What the tests of the formats share: changed lines, and the official archives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import unpack
from harmodels.data.dataset import Dataset
from harmodels.data.prepare import describe, read_raw
from harmodels.data.sequences import Sequences

Lines = list[str]


@pytest.fixture(scope="session")
def edit() -> Callable[[Path, Callable[[Lines], Lines | None]], None]:
    """A function that changes the lines of a file, in place or by those that it returns."""

    def apply(path: Path, change: Callable[[Lines], Lines | None]) -> None:
        lines = path.read_text(encoding="utf-8").splitlines()
        lines = change(lines) or lines
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")

    return apply


@pytest.fixture(scope="module")
def official(
    request: pytest.FixtureRequest,
    registry: dict[str, Dataset],
    mirror: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Sequences, dict[str, Any]]:
    """Sequences and card of the data set that the module's OFFICIAL names."""
    dataset = registry[request.module.OFFICIAL]
    folder = tmp_path_factory.mktemp(dataset.format)
    fetch(dataset, folder / dataset.archive.file, str(mirror), progress=False)
    unpack(dataset, folder / dataset.archive.file, folder / "raw")
    sequences, notes, hashes = read_raw(dataset, folder / "raw")
    return sequences, describe(dataset, sequences, notes, hashes)
