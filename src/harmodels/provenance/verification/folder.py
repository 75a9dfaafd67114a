"""A results folder, project by project: every hash, every run, every table."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harmodels.errors import ResultsError
from harmodels.provenance.record import (
    ENDING,
    Record,
    RecordedReport,
    RecordedRun,
    read_record,
)
from harmodels.provenance.verification.checks import Checks, listed, short
from harmodels.provenance.verification.inputs import (
    Expected,
    LabelledIds,
    check_data,
    expected_of,
    read_splits,
)
from harmodels.provenance.verification.products import check_correlations, check_product
from harmodels.provenance.verification.runs import check_run
from harmodels.reporting.labels import count_text
from harmodels.reporting.runs.load import Run

Shown = Callable[[Iterable[str], str], Iterable[str]]
Tables = Mapping[str, LabelledIds]


def _silent(folders: Iterable[str], title: str) -> Iterable[str]:
    return folders


def verify_folder(root: Path, show: Shown = _silent) -> Checks:
    """Check everything that the records in a results folder name.

    Parameters
    ----------
    root
        The results folder.
    show
        Called with the run folders of a report and its name; yields them, showing how far it is.

    Raises
    ------
    ResultsError
        If the folder holds no record.
    """
    checks = Checks(root)
    paths = sorted(root.glob(f"*{ENDING}"))
    if not paths:
        raise ResultsError(
            f"{root} holds no file *{ENDING}, which says what follows from what; "
            "name a results folder that `snakemake` has finished"
        )
    known: set[str] = set()
    for path in paths:
        with checks.guarded(path.name):
            record = read_record(path)
            known |= record.runs.keys()
            _check_record(checks, record, show)
    strange = sorted(
        path.parent.relative_to(root).as_posix()
        for path in root.glob("*/*/runs/*/*/run.json")
        if path.parent.relative_to(root).as_posix() not in known
    )
    if strange:
        checks.note(f"{count_text(len(strange), 'run')} of no record: {listed(strange)}")
    return checks


def _check_record(checks: Checks, record: Record, show: Shown) -> None:
    for part in record.reports:
        _check_inputs(checks, part, list(record.page))
    tables: dict[str, LabelledIds] = {}
    for name, data in record.data.items():
        tables |= check_data(checks, name, data)
        check_correlations(checks, name, data)
    for part in record.reports:
        _check_report(checks, part, tables, list(record.page), show)
    for file, recorded in record.page.items():
        checks.compare_record(file, recorded)


def _check_report(
    checks: Checks, part: RecordedReport, tables: Tables, page: list[str], show: Shown
) -> None:
    ((file, digest),) = part.splits.items()
    splits = read_splits(checks, file, digest)
    runs: dict[str, Run] = {}
    prepared: dict[tuple[str, bool, bool], Expected | None] = {}
    for folder in show(part.runs, f"{part.report}/{part.dataset}"):
        recorded = part.runs[folder]
        # against other inputs than its own nothing would agree, and that is said once
        key = (
            recorded.reads,
            _is_input(checks, recorded, "sequences", recorded.reads),
            _is_input(checks, recorded, "splits", file),
        )
        if key not in prepared:
            table = tables.get(recorded.reads) if key[1] else None
            prepared[key] = expected_of(table, splits if key[2] else None)
        rests = _rests(part, folder, page)
        with checks.guarded(f"{folder}/run.json", rests):
            run = check_run(checks, folder, recorded, prepared[key], rests)
            if run is not None:
                runs[folder] = run
    sequences = f"datasets/{part.dataset}/sequences.parquet"
    for product in part.products:
        with checks.guarded(next(iter(product.files)), page):
            check_product(checks, product, runs, sequences, page)


def _check_inputs(checks: Checks, part: RecordedReport, page: list[str]) -> None:
    """Compare the hashes of their inputs that runs recorded with what lies here."""
    made: dict[tuple[str, str], list[str]] = defaultdict(list)
    splits = next(iter(part.splits))
    for folder, run in part.runs.items():
        data = run.facts.get("data", {})
        for file, key in ((run.reads, "sequences"), (splits, "splits")):
            if key in data and (checks.root / file).is_file():
                made[file, data[key]].append(folder)
    for (file, digest), folders in made.items():
        if checks.here(file) and not checks.agrees(file, digest):
            products = dict.fromkeys(
                name for folder in folders for name in _rests(part, folder, page)
            )
            checks.find(
                file,
                f"is not what {count_text(len(folders), 'run')} read: its hash is "
                f"{short(checks.digest(file))}, theirs {short(digest)} ({listed(folders)})",
                list(products),
            )


def _is_input(checks: Checks, run: RecordedRun, key: str, file: str) -> bool:
    digest = run.facts.get("data", {}).get(key)
    return digest is None or ((checks.root / file).is_file() and checks.digest(file) == digest)


def _rests(part: RecordedReport, folder: str, page: list[str]) -> list[str]:
    """Return the names of all that is made of one run."""
    place = f"{part.report}/{part.dataset}"
    mine = [product for product in part.products if folder in product.runs]
    return [f"{place}: {product.kind} {product.name}" for product in mine] + page
