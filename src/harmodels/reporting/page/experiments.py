"""Runs on the page, one row each: what it was, how long, where and of which code."""

from collections.abc import Sequence
from typing import Any

from harmodels.config.selection import humanise
from harmodels.records.run import RunRecord
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.page.sections import ReportSection


def grouped_runs(section: ReportSection) -> dict[str, list[RunRecord]]:
    """Return the runs of each experiment that has any, in the order of the report."""
    groups: dict[str, list[RunRecord]] = {name: [] for name in section.spec.experiments}
    for run in section.runs:
        groups.setdefault(run.experiment, []).append(run)
    return {name: runs for name, runs in groups.items() if runs}


def experiment_title(section: ReportSection, name: str) -> str:
    """Return the title of an experiment, or its key as words."""
    return section.spec.experiments.get(name) or humanise(name)


def experiment_anchor(section: ReportSection, name: str) -> str:
    """Return the anchor of an experiment's heading."""
    return f"{section.id}-runs-{name}"


def run_anchor(section: ReportSection, name: str, number: int) -> str:
    """Return the anchor of a run's row: the runs of an experiment are counted from 1."""
    return f"{section.id}-run-{name}-{number}"


def experiments(section: ReportSection) -> list[dict[str, Any]]:
    """Return each experiment with the options that its runs share and one row a run."""
    return [
        {
            "anchor": experiment_anchor(section, name),
            "title": experiment_title(section, name),
            "options": _common_options(runs),
            "runs": [
                _run_row(run)
                | {
                    "anchor": run_anchor(section, name, number),
                    "number": number,
                    "file": section.file("runs", name, run.folder, "run.json"),
                }
                for number, run in enumerate(runs, start=1)
            ],
        }
        for name, runs in grouped_runs(section).items()
    ]


def software(sections: Sequence[ReportSection]) -> list[dict[str, Any]]:
    """Return the distinct pairs of versions and hardware that the runs recorded."""
    found: list[dict[str, Any]] = []
    for section in sections:
        for run in section.runs:
            entry = {"versions": run.versions, "hardware": run.hardware}
            if entry not in found:
                found.append(entry)
    return found


def _common_options(runs: Sequence[RunRecord]) -> dict[str, Any]:
    first = runs[0].options
    return {
        key: first[key]
        for key in sorted(first)
        if all(run.options.get(key) == first[key] for run in runs)
    }


def _run_row(run: RunRecord) -> dict[str, Any]:
    # of a part what it trains: ", fold 12, replicates 5-9"
    part = run.part.replace("+", ", ").replace("=", " ")
    return {
        "name": (configuration_text(run.configuration) or humanise(run.name)) + part,
        "replicates": len(run.replicates),
        "diverged": sum(one.diverged for one in run.replicates),
        "epochs": _range([one.epochs for one in run.replicates]),
        "seed": run.seed,
        "engine": f"{run.engine}, {run.device}",
        "seconds": f"{run.wall_time_s:.1f}",
        "commit": _commit(run),
    }


def _commit(run: RunRecord) -> str:
    """Return ten digits of the commit; a tree with edits is not that commit and says so."""
    return (run.commit or "unknown")[:10] + (" + edits" if run.dirty else "")


def _range(values: Sequence[float]) -> str:
    few, many = min(values), max(values)
    return str(few) if few == many else f"{few} to {many}"
