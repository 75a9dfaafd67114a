"""What the tests of the formats share: changed lines, and the official archives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import unpack
from harmodels.data.dataset import Dataset
from harmodels.data.prepare import describe, read_raw
from harmodels.data.registry import load_registries
from harmodels.data.sequences import Sequences
from tests.data.formats.own_tables import ENTRY

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


@pytest.fixture
def register(tmp_path: Path, repository: Path) -> Callable[..., Dataset]:
    """Return a function that reads the entry, with changes, from a registry of a user's own."""

    def make(table: dict[str, Any] | None = None, **changes: Any) -> Dataset:
        entry = {**ENTRY, **changes, "table": {**ENTRY["table"], **(table or {})}}
        entry["table"] = {key: value for key, value in entry["table"].items() if value is not None}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({"my-walks": entry}), encoding="utf-8")
        return load_registries([repository / "config" / "datasets.yaml", path])["my-walks"]

    return make
