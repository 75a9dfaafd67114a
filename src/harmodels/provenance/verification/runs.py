"""Checks of one run: its files against the hashes in run.json, and against each other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from harmodels.provenance.record import RecordedRun
from harmodels.provenance.verification.checks import Checks, short
from harmodels.provenance.verification.contents import (
    history_problems,
    prediction_problems,
    weight_problems,
)
from harmodels.provenance.verification.inputs import Expected
from harmodels.records.run import RunRecord
from harmodels.reporting.runs.load import Run, load_run


def check_record(
    checks: Checks, folder: str, recorded: RecordedRun, dependents: Sequence[str]
) -> RunRecord | None:
    """Check the run.json of `<report>/<dataset>/runs/<experiment>/<name>` and return it.

    None if it is unusable or of another run; `dependents` are the products built from it.
    """
    file = f"{folder}/run.json"
    if not checks.is_readable(file, dependents):
        return None
    with checks.guarded(file, dependents):
        record = RunRecord.read_file(checks.root / file)
        report, dataset, _, experiment, name = PurePosixPath(folder).parts
        for key, found, wanted in (
            ("report", record.report, report),
            ("dataset", record.dataset, dataset),
            ("experiment", record.experiment, experiment),
            ("name", record.folder, name),
        ):
            if found != wanted:
                checks.report(file, f"is of another run: its {key} is {found!r}", dependents)
                return None
        if not checks.matches(file, recorded.sha256):
            what = "was edited" if record.files == recorded.files else "is of a run made"
            digests = f"{short(checks.digest(file))}, recorded was {short(recorded.sha256)}"
            checks.report(
                file, f"{what} after the record was written: its hash is {digests}", dependents
            )
        return record
    return None


def check_files(
    checks: Checks, folder: str, hashes: Mapping[str, str], dependents: Sequence[str]
) -> None:
    """Compare the files of a run with their hashes, which runs of old versions lack."""
    if not hashes:
        checks.note(f"{folder} was made before hashes were recorded: its files were not checked")
    for name, digest in hashes.items():
        mine = () if name.startswith("weights") else dependents
        checks.compare_record(f"{folder}/{PurePosixPath(name).name}", digest, mine, "its run")


def check_contents(
    checks: Checks,
    folder: str,
    record: RunRecord,
    expected: Expected | None,
    dependents: Sequence[str],
) -> Run | None:
    """Check what the files of a run hold and return the run; None if it cannot be read.

    `expected` are labels and splits of its inputs, if these are there.
    """

    def report(file: str, problems: Iterator[str], dependents: Sequence[str]) -> None:
        with checks.guarded(file, dependents):
            for problem in problems:
                checks.report(file, problem, dependents)

    weights, predictions, history = (
        f"{folder}/{name}"
        for name in ("weights.safetensors", "predictions.parquet", "history.parquet")
    )
    if checks.exists(weights):
        report(weights, weight_problems(checks.root / weights, record), ())
    fitting = [checks.fits_in_memory(file, (), dependents) for file in (predictions, history)]
    run = None
    if all(fitting):
        with checks.guarded(f"{folder}/", dependents):
            run = load_run(checks.root / folder)
    if run is not None:
        report(predictions, prediction_problems(run, expected), dependents)
        report(history, history_problems(run), dependents)
    return run
