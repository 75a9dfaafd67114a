"""One run: whether its files are those that its job wrote, and whether they fit together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from harmodels.files import read_json
from harmodels.provenance.record import RecordedRun
from harmodels.provenance.verification.checks import Checks, listed, short
from harmodels.provenance.verification.contents import (
    history_problems,
    prediction_problems,
    weight_problems,
)
from harmodels.provenance.verification.inputs import Expected
from harmodels.reporting.runs.load import Run, grid_order, load_run

PLACE = ("report", "dataset", "experiment", "name")


def check_run(
    checks: Checks,
    folder: str,
    recorded: RecordedRun,
    expected: Expected | None,
    rests: Sequence[str],
) -> Run | None:
    """Check one run and return it; None if it cannot be read.

    Parameters
    ----------
    checks
        Takes what is found.
    folder
        Of the run, `<report>/<dataset>/runs/<experiment>/<name>`.
    recorded
        What the record says of it.
    expected
        Labels and splits of what it read, if these are here.
    rests
        The products made of it.
    """
    facts = _check_facts(checks, folder, recorded, rests)
    _check_files(checks, folder, facts, rests)
    run = None
    with checks.guarded(f"{folder}/", rests):
        run = _with_facts(load_run(checks.root / folder), facts)
    if run is not None:
        with checks.guarded(f"{folder}/predictions.parquet", rests):
            for problem in prediction_problems(run, expected):
                checks.find(f"{folder}/predictions.parquet", problem, rests)
        with checks.guarded(f"{folder}/history.parquet", rests):
            for problem in history_problems(run):
                checks.find(f"{folder}/history.parquet", problem, rests)
    weights = f"{folder}/weights.safetensors"
    if (checks.root / weights).is_file():
        with checks.guarded(weights):
            for problem in weight_problems(checks.root / weights, facts):
                checks.find(weights, problem)
    return run


def _check_facts(
    checks: Checks, folder: str, recorded: RecordedRun, rests: Sequence[str]
) -> Mapping[str, Any]:
    """Return what run.json says, or what the record says of it where it is not to be believed."""
    file = f"{folder}/run.json"
    if not checks.here(file, rests):
        return recorded.facts
    same = checks.agrees(file, recorded.sha256)
    facts: Any = None
    with checks.guarded(file, rests):
        facts = read_json(checks.root / file)
        report, dataset, _, experiment, name = PurePosixPath(folder).parts
        for key, place in zip(PLACE, (report, dataset, experiment, name), strict=True):
            if facts[key] != place:
                checks.find(file, f"is of another run: its {key} is {facts[key]!r}", rests)
                return recorded.facts
        if same:
            return recorded.facts
        if facts != recorded.facts and facts.get("files") != recorded.facts.get("files"):
            checks.find(file, "is of a run made after the record was written", rests)
            return facts
        changed = sorted(
            key for key in {*facts, *recorded.facts} if facts.get(key) != recorded.facts.get(key)
        )
        what = (
            f"other: {listed(changed)}" if changed else f"its hash is {short(checks.digest(file))}"
        )
        checks.find(file, f"was changed after the record was written: {what}", rests)
    return recorded.facts


def _check_files(
    checks: Checks, folder: str, facts: Mapping[str, Any], rests: Sequence[str]
) -> None:
    hashes = facts.get("files")
    if not hashes:
        checks.note(f"{folder} was made before hashes were recorded: its files were not checked")
        return
    for name, digest in hashes.items():
        file = f"{folder}/{PurePosixPath(name).name}"
        mine = () if name.startswith("weights") else rests
        if checks.here(file, mine) and not checks.agrees(file, digest):
            checks.find(
                file,
                f"was changed after its run: its hash is {short(checks.digest(file))}, "
                f"run.json says {short(digest)}",
                mine,
            )


def _with_facts(run: Run, facts: Mapping[str, Any]) -> Run:
    """Return the run with the facts that are believed, which may not be those in its folder."""
    return replace(
        run,
        facts=dict(facts),
        name=facts["name"],
        configuration=grid_order(facts["configuration"], facts["name"]),
    )
