"""Builds the record of a project from the files in its results folder."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harmodels.config.published import read_published_runs
from harmodels.errors import ResultsError
from harmodels.files import sha256
from harmodels.provenance.record import (
    Hashes,
    Kind,
    Product,
    RecordedArchive,
    RecordedData,
    RecordedReport,
    RecordedRun,
)
from harmodels.records.card import DatasetCard
from harmodels.records.run import RunRecord
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.reports import Products

DRAWN: tuple[Kind, ...] = ("table", "figure")
ENDINGS = {"table": ("csv", "md", "tex"), "figure": ("svg", "png"), "claims": ("csv", "md")}


def record_report(results: Path, section: Mapping[str, Any], published: Path) -> RecordedReport:
    """Record one report on one data set; a missing or damaged file is a ResultsError.

    `section` is one of `pipeline.sections.recorded_sections`; `published` is the folder of the
    files that it published.
    """
    report, dataset = section["report"], section["dataset"]
    specs = Products.read({name: section["spec"][name] for name in Products.model_fields})
    known = read_published_runs(section.get("published_runs", {}))
    place = f"{report}/{dataset}"
    folders = [Path(folder).relative_to(results).as_posix() for folder in section["runs"]]

    def product(
        kind: Kind, name: str, spec: dict[str, Any], parts: Iterable[ProductSpec], stem: str
    ) -> Product:
        names = dict.fromkeys(name for part in parts for name in part.needs)
        theirs = {name: run for part in parts for name, run in part.published_runs(known).items()}
        compared = [file for part in parts for file in part.published_files]
        compared += [file for run in theirs.values() for file in run.files]
        return Product(
            kind=kind,
            name=name,
            spec=spec,
            runs=[f for n in names for f in folders if PurePosixPath(f).parent.name == n],
            files=hashes_of(results, [f"{place}/{stem}.{ending}" for ending in ENDINGS[kind]]),
            published={f: (published / f).read_text(encoding="utf-8") for f in compared},
            published_runs={name: run.given() for name, run in theirs.items()},
        )

    products = [
        product(kind, name, spec.given(), [spec], f"{kind}s/{name}")
        for kind in DRAWN
        for name, spec in getattr(specs, f"{kind}s").items()
    ]
    if specs.claims:
        claims = {name: spec.given() for name, spec in specs.claims.items()}
        parts = list(specs.claims.values())
        ledger = product("claims", "claims", claims, parts, "claims")
        products.append(ledger.replaced(families=section["families"]))
    runs = {}
    for folder in folders:
        read = section["reads"][PurePosixPath(folder).parent.name]
        (digest,) = hashes_of(results, [f"{folder}/run.json"]).values()
        drawn = Path(section["splits"][str(results / folder)]).relative_to(results).as_posix()
        files = RunRecord.read_file(results / folder / "run.json").files
        runs[folder] = RecordedRun(reads=read, splits=drawn, sha256=digest, files=files)
    splits = hashes_of(results, list(dict.fromkeys(run.splits for run in runs.values())))
    return RecordedReport(
        report=report, dataset=dataset, splits=splits, runs=runs, products=products
    )


def record_data(
    results: Path,
    name: str,
    tables: Sequence[str],
    files: Sequence[str],
    archive: Mapping[str, Any] | None,
) -> RecordedData:
    """Record one data set; a missing or damaged file is a ResultsError.

    Of the files under its folder `tables` are those that runs read, `files` all others; `archive`
    is as `RecordedArchive`, but for `found`.
    """
    place = f"datasets/{name}"
    card = DatasetCard.read_file(results / place / "card.json")
    found = None
    if archive is not None:
        path = results / archive["path"]
        found = RecordedArchive(**archive, found=sha256(path) if path.is_file() else None)
    return RecordedData(
        simulated=card.simulated,
        sources=card.sources,
        tables=hashes_of(results, [f"{place}/{file}" for file in tables]),
        files=hashes_of(results, [f"{place}/{file}" for file in files]),
        archive=found,
    )


def hashes_of(results: Path, files: Sequence[str]) -> Hashes:
    """Return the SHA-256 of each file; raise ResultsError if one cannot be read."""
    try:
        return {file: sha256(results / file) for file in files}
    except OSError as error:
        raise ResultsError(
            f"cannot read {error.filename}: {error.strerror or error}. Run snakemake again."
        ) from error
