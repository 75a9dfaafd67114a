"""The record of a project: the inputs and hashes of its products, against which it is verified.

Paths in a record are relative to the results folder, with forward slashes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from harmodels.errors import ResultsError
from harmodels.files import read_json, write_text
from harmodels.reporting.specs import Spec

FORMAT = 5
ENDING = ".provenance.json"
Hashes = dict[str, str]


@dataclass(frozen=True)
class Product:
    """One table, figure or ledger of claims.

    Attributes
    ----------
    kind, name
        `table`, `figure` or `claims`, and its key.
    spec
        Its entry in the report's configuration; of claims the whole section, by id.
    runs
        The folders of the runs it is built from, in order.
    files
        SHA-256 by path.
    published
        Content of the files of `config/published` that it is compared with, by name.
    published_runs
        What the report published of its experiments: the files of each, by experiment.
    """

    kind: str
    name: str
    spec: Spec
    runs: list[str]
    files: Hashes
    published: Hashes
    published_runs: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedRun:
    """One training job: its table and its splits, the hash of its run.json and of its files."""

    reads: str
    splits: str
    sha256: str
    files: Hashes


@dataclass(frozen=True)
class RecordedReport:
    """One report on one data set: its splits (SHA-256 by path), runs by folder, and products."""

    report: str
    dataset: str
    splits: Hashes
    runs: dict[str, RecordedRun]
    products: list[Product]


@dataclass(frozen=True)
class RecordedData:
    """One data set.

    Attributes
    ----------
    simulated
        Whether its recordings are simulated.
    sources
        SHA-256 of the raw files, from card.json.
    tables, files
        SHA-256 by path: of the tables that runs read, and of the card and its products.
    archive
        `path` under the results folder, the `known` hashes of the registry, the hash that was
        `found` (None if it did not lie there) and whether its `members` are listed; None if there
        is none.
    """

    simulated: bool
    sources: Hashes
    tables: Hashes
    files: Hashes
    archive: dict[str, Any] | None


@dataclass(frozen=True)
class Record:
    """Everything that `harmodels verify` needs to know about a project.

    Attributes
    ----------
    project
        Name of the configuration.
    written
        Commit, lock file and versions of the program that wrote the record.
    page
        SHA-256 by path.
    data, reports
        The data sets by name, and what was built from them.
    others
        SHA-256 by path of exported models and classified recordings.
    """

    project: str
    written: dict[str, Any]
    page: Hashes
    data: dict[str, RecordedData]
    reports: list[RecordedReport]
    others: Hashes = field(default_factory=dict)

    @property
    def runs(self) -> dict[str, RecordedRun]:
        """All runs by folder."""
        return {folder: run for part in self.reports for folder, run in part.runs.items()}

    @property
    def files(self) -> set[str]:
        """Every file that is covered by a hash of the record itself."""
        data = [name for data in self.data.values() for name in (*data.tables, *data.files)]
        reports = [name for part in self.reports for name in part.splits]
        products = [name for part in self.reports for p in part.products for name in p.files]
        runs = [f"{folder}/run.json" for folder in self.runs]
        return {*self.page, *self.others, *data, *reports, *products, *runs}


def write_record(path: str | Path, record: Record) -> None:
    """Write a record as JSON, keys in their order: that of claims is the order of the ledger."""
    content = {"format": FORMAT, **asdict(record)}
    content |= {"digest": _digest(content)}
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def read_record(path: str | Path) -> Record:
    """Read what `write_record` wrote.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, was changed, or names a file outside its folder.
    """
    content = read_json(path)
    try:
        digest = content.pop("digest")
        if content.pop("format") != FORMAT:
            raise ResultsError(f"{path} was written by another version of harmodels")
        if digest != _digest({"format": FORMAT, **content}):
            raise ResultsError(f"{path} was changed after it was written")
        record = _parse(content)
        outside = next((name for name in _paths(record) if _leaves(name)), None)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultsError(
            f"{path} is no record of provenance: {error!r}. Delete it and run snakemake again."
        ) from error
    if outside is not None:
        raise ResultsError(f"{path} names {outside!r}, which lies outside its folder")
    return record


def _parse(content: Mapping[str, Any]) -> Record:
    reports = [
        RecordedReport(
            **part
            | {
                "runs": {folder: RecordedRun(**run) for folder, run in part["runs"].items()},
                "products": [Product(**product) for product in part["products"]],
            }
        )
        for part in content["reports"]
    ]
    data = {name: RecordedData(**part) for name, part in content["data"].items()}
    return Record(**dict(content) | {"data": data, "reports": reports})


def _paths(record: Record) -> Iterator[str]:
    yield from record.files
    yield from (data.archive["path"] for data in record.data.values() if data.archive is not None)
    for part in record.reports:
        yield from (name for run in part.runs.values() for name in (run.reads, run.splits))
        yield from (folder for product in part.products for folder in product.runs)


def _leaves(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
