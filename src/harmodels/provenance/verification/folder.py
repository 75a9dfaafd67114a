"""Verification of a results folder, project by project."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harmodels.errors import ResultsError
from harmodels.messages import counted, listed
from harmodels.provenance.record import ENDING, ProjectRecord, RecordedReport, read_record
from harmodels.provenance.verification.checks import Checks, short
from harmodels.provenance.verification.coverage import Project, check_coverage, check_page
from harmodels.provenance.verification.inputs import (
    Expected,
    check_data,
    expected_of,
    read_splits,
)
from harmodels.provenance.verification.products import check_correlations, check_product
from harmodels.provenance.verification.runs import check_contents, check_files, check_record
from harmodels.records.run import RunRecord
from harmodels.reporting.runs.load import Run

Shown = Callable[[Iterable[str], str], Iterable[str]]
Tables = Mapping[str, Expected]


def _silent(folders: Iterable[str], title: str) -> Iterable[str]:
    return folders


def verify_folder(root: Path, show: Shown = _silent) -> Checks:
    """Check everything that the records in a results folder name; without one, raise ResultsError.

    `show` takes the run folders of a report and its name; it yields them and shows progress.
    """
    checks = Checks(root)
    paths = sorted(root.glob(f"*{ENDING}"))
    if not paths:
        raise ResultsError(
            f"{root} holds no file *{ENDING}, which records how its products were made; "
            "name a results folder that `snakemake` has finished"
        )
    projects: list[Project] = []
    for path in paths:
        with checks.guarded(path.name):
            record = read_record(path)
            projects.append((record, _check_project(checks, record, show)))
    if len(projects) == len(paths):
        check_coverage(checks, [record for record, _ in projects])
        check_page(checks, projects)
    else:
        checks.note("whether every product has a record, because not every record is usable")
    return checks


def _check_project(checks: Checks, record: ProjectRecord, show: Shown) -> dict[str, RunRecord]:
    """Check a project and return its runs, by folder."""
    page = list(record.page)
    tables: dict[str, Expected] = {}
    known: dict[str, RunRecord] = {}
    for part in record.reports:
        for folder, run in part.runs.items():
            dependents = _dependents(part, folder, page)
            found = check_record(checks, folder, run, dependents)
            if found is not None:
                known[folder] = found
            hashes = run.files if found is None else found.files
            with checks.guarded(f"{folder}/run.json", dependents):
                check_files(checks, folder, hashes, dependents)
        _check_inputs(checks, part, known, page)
    for name, data in record.data.items():
        tables |= check_data(checks, name, data)
        check_correlations(checks, name, data)
    for part in record.reports:
        _check_report(checks, part, known, tables, page, show)
    for file, recorded in {**record.page, **record.others}.items():
        checks.compare_record(file, recorded)
    return known


def _check_report(
    checks: Checks,
    part: RecordedReport,
    known: Mapping[str, RunRecord],
    tables: Tables,
    page: list[str],
    show: Shown,
) -> None:
    splits = {file: read_splits(checks, file, digest) for file, digest in part.splits.items()}
    runs: dict[str, Run] = {}
    prepared: dict[tuple[str, bool, str | None, str | None], Expected | None] = {}
    for folder in show([f for f in part.runs if f in known], part.place):
        record, reads, file = known[folder], part.runs[folder].reads, part.runs[folder].splits
        # a run of other inputs would disagree with these everywhere, which is reported once
        key = (
            reads,
            _is_input(checks, record, "sequences", reads),
            file if _is_input(checks, record, "splits", file) else None,
            record.fold,
        )
        if key not in prepared:
            table = tables.get(reads) if key[1] else None
            prepared[key] = expected_of(table, splits[file] if key[2] else None, key[3])
        dependents = _dependents(part, folder, page)
        with checks.guarded(f"{folder}/run.json", dependents):
            run = check_contents(checks, folder, record, prepared[key], dependents)
            if run is not None:
                runs[folder] = run
    for product in part.products:
        with checks.guarded(next(iter(product.files)), page):
            check_product(checks, product, runs, page)


def _check_inputs(
    checks: Checks, part: RecordedReport, known: Mapping[str, RunRecord], page: list[str]
) -> None:
    """Compare the inputs of runs with the hashes that these recorded."""
    readers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for folder, run in part.runs.items():
        for file, key in ((run.reads, "sequences"), (run.splits, "splits")):
            digest = known[folder].data.get(key) if folder in known else None
            if digest is not None and checks.exists(file):
                readers[file, digest].append(folder)
    for (file, digest), folders in readers.items():
        if checks.is_readable(file) and not checks.matches(file, digest):
            products = dict.fromkeys(
                name for folder in folders for name in _dependents(part, folder, page)
            )
            checks.report(
                file,
                f"is not what {counted(len(folders), 'run')} read: its hash is "
                f"{short(checks.digest(file))}, theirs {short(digest)} ({listed(folders)})",
                list(products),
            )


def _is_input(checks: Checks, record: RunRecord, key: str, file: str) -> bool:
    digest = record.data.get(key)
    return digest is None or (checks.exists(file) and checks.digest(file) == digest)


def _dependents(part: RecordedReport, folder: str, page: list[str]) -> list[str]:
    """Return the names of all products that are built from one run."""
    mine = [product for product in part.products if folder in product.runs]
    return [f"{part.place}: {product.kind} {product.name}" for product in mine] + page
