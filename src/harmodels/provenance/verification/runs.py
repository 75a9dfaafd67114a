"""Checks of one run: its files against the hashes in run.json, and against each other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from harmodels.provenance.facts import Facts, read_facts
from harmodels.provenance.record import RecordedRun
from harmodels.provenance.verification.checks import Checks, short
from harmodels.provenance.verification.contents import (
    history_problems,
    prediction_problems,
    weight_problems,
)
from harmodels.provenance.verification.inputs import Expected
from harmodels.reporting.runs.load import Run, load_run

PLACE = ("report", "dataset", "experiment", "name")


def check_facts(
    checks: Checks, folder: str, recorded: RecordedRun, dependents: Sequence[str]
) -> Facts | None:
    """Check a run.json and return what it says; None if it is unusable or of another run.

    Parameters
    ----------
    checks
        Takes the findings.
    folder
        Of the run, `<report>/<dataset>/runs/<experiment>/<name>`.
    recorded
        What the record says of it.
    dependents
        The products built from it.
    """
    file = f"{folder}/run.json"
    if not checks.is_readable(file, dependents):
        return None
    with checks.guarded(file, dependents):
        facts = read_facts(checks.root / file)
        report, dataset, _, experiment, name = PurePosixPath(folder).parts
        found = {**facts, "name": facts["name"] + facts.get("part", "")}
        for key, place in zip(PLACE, (report, dataset, experiment, name), strict=True):
            if found[key] != place:
                checks.report(file, f"is of another run: its {key} is {found[key]!r}", dependents)
                return None
        if not checks.matches(file, recorded.sha256):
            made_again = facts.get("files", {}) != recorded.files
            what = "is of a run made" if made_again else "was edited"
            digests = f"{short(checks.digest(file))}, recorded was {short(recorded.sha256)}"
            checks.report(
                file, f"{what} after the record was written: its hash is {digests}", dependents
            )
        return facts
    return None


def check_files(
    checks: Checks, folder: str, hashes: Mapping[str, str], dependents: Sequence[str]
) -> None:
    """Compare the files of a run with their hashes, which runs of old versions lack."""
    if not hashes:
        checks.note(f"{folder} was made before hashes were recorded: its files were not checked")
    for name, digest in hashes.items():
        file = f"{folder}/{PurePosixPath(name).name}"
        mine = () if name.startswith("weights") else dependents
        if checks.is_readable(file, mine) and not checks.matches(file, digest):
            checks.report(
                file,
                f"was changed after its run: its hash is {short(checks.digest(file))}, "
                f"recorded was {short(digest)}",
                mine,
            )


def check_contents(
    checks: Checks, folder: str, facts: Facts, expected: Expected | None, dependents: Sequence[str]
) -> Run | None:
    """Check what the files of a run hold and return the run; None if it cannot be read.

    Parameters
    ----------
    checks
        Takes the findings.
    folder, facts
        Of the run, and what its run.json says.
    expected
        Labels and splits of its inputs, if these are there.
    dependents
        The products built from it.
    """
    weights = f"{folder}/weights.safetensors"
    if checks.exists(weights):
        with checks.guarded(weights):
            _report_all(checks, weights, weight_problems(checks.root / weights, facts), ())
    predictions, history = f"{folder}/predictions.parquet", f"{folder}/history.parquet"
    fitting = [checks.fits_in_memory(file, (), dependents) for file in (predictions, history)]
    run = None
    if all(fitting):
        with checks.guarded(f"{folder}/", dependents):
            run = load_run(checks.root / folder)
    if run is not None:
        with checks.guarded(predictions, dependents):
            problems = prediction_problems(run, expected)
            _report_all(checks, predictions, problems, dependents)
        with checks.guarded(history, dependents):
            _report_all(checks, history, history_problems(run), dependents)
    return run


def _report_all(
    checks: Checks, file: str, problems: Iterator[str], dependents: Sequence[str]
) -> None:
    for problem in problems:
        checks.report(file, problem, dependents)
