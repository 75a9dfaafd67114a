"""The record of a project: the inputs and hashes of its products, against which it is verified.

Paths in a record are relative to the results folder, with forward slashes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from harmodels.config.base import key, wrong
from harmodels.errors import ResultsError
from harmodels.files import read_json, write_text
from harmodels.messages import shown
from harmodels.records.base import AGAIN, ResultsRecord
from harmodels.records.run import Program

FORMAT = 6
ENDING = ".provenance.json"


def _stay_inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise wrong(f"{shown(name)} lies outside the results folder")
    return name


Kind = Literal["table", "figure", "claims"]
File = Annotated[str, AfterValidator(_stay_inside)]
Hashes = dict[File, str]


class Product(ResultsRecord):
    """One table, figure or ledger of claims."""

    kind: Kind = key(..., "What it is.")
    name: str = key(..., "Its key.")
    spec: dict[str, Any] = key(..., "Its entry in the configuration; of claims all of them, by id.")
    runs: list[File] = key(..., "The folders of the runs that it is built from, in order.")
    files: Hashes = key(..., "SHA-256 by path.")
    published: dict[str, str] = key(..., "Content of the files of config/published, by name.")
    published_runs: dict[str, dict[str, Any]] = key({}, "Which of them hold what, by experiment.")
    families: dict[str, Any] = key({}, "Of claims those that they are judged among.")


class RecordedRun(ResultsRecord):
    """One training job."""

    reads: File = key(..., "The table that it read.")
    splits: File = key(..., "Its splits.")
    sha256: str = key(..., "Of its run.json.")
    files: dict[str, str] = key(..., "SHA-256 of its other files.")


class RecordedReport(ResultsRecord):
    """One report on one data set."""

    report: str = key(..., "Its key.")
    dataset: str = key(..., "That of the data set.")
    splits: Hashes = key(..., "SHA-256 by path.")
    runs: dict[File, RecordedRun] = key(..., "By folder.")
    products: list[Product] = key(..., "In the order of the report.")

    @property
    def place(self) -> str:
        """The folder of its products."""
        return f"{self.report}/{self.dataset}"


class RecordedArchive(ResultsRecord):
    """The archive of a data set."""

    path: File = key(..., "Where it lies.")
    known: list[str] = key(..., "SHA-256 that the registry knows.")
    git_blob: str | None = key(None, "The hash by which git names it, if that is known.")
    members: bool = key(..., "Whether the registry has hashes of its members.")
    found: str | None = key(None, "SHA-256 of the file that was there; null: none was.")


class RecordedData(ResultsRecord):
    """One data set."""

    simulated: bool = key(..., "Whether a generator made the recordings.")
    sources: dict[str, str] = key(..., "SHA-256 of the raw files, from card.json.")
    tables: Hashes = key(..., "SHA-256 by path of the tables that runs read.")
    files: Hashes = key(..., "SHA-256 by path of the card and its products.")
    archive: RecordedArchive | None = key(..., "null where there is none.")


class ProjectRecord(ResultsRecord):
    """Everything that `harmodels verify` needs to know about a project."""

    project: str = key(..., "Name of the configuration.")
    written: Program = key(..., "The program that wrote the record.")
    page: Hashes = key(..., "SHA-256 by path.")
    data: dict[str, RecordedData] = key(..., "By data set.")
    reports: list[RecordedReport] = key(..., "What was built from them.")
    others: Hashes = key({}, "SHA-256 by path of exported models and classified recordings.")

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


def write_record(path: str | Path, record: ProjectRecord) -> None:
    """Write a record as JSON, keys in their order: that of claims is the order of the ledger."""
    content = {"format": FORMAT, **record.model_dump()}
    content |= {"digest": _digest(content)}
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def read_record(path: str | Path) -> ProjectRecord:
    """Read what `write_record` wrote.

    Raises ResultsError if it is missing, damaged, was changed, or names a file outside its folder.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not {"digest", "format"} <= set(content):
        raise ResultsError(f"{path} is no record of provenance. {AGAIN}")
    digest = content.pop("digest")
    if content.pop("format") != FORMAT:
        raise ResultsError(f"{path} was written by another version of harmodels. {AGAIN}")
    if digest != _digest({"format": FORMAT, **content}):
        raise ResultsError(f"{path} was changed after it was written")
    return ProjectRecord.read(content, str(path))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
