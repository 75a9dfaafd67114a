"""Runs on the page, one row each: what it was, how long, where and of which code."""

from collections.abc import Mapping, Sequence
from typing import Any

from harmodels.config.selection import humanise
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.page.sections import Facts, ReportSection
from harmodels.reporting.runs.load import configuration_of


def grouped_runs(section: ReportSection) -> dict[str, list[Facts]]:
    """Return the runs of each experiment that has any, in the order of the report."""
    groups: dict[str, list[Facts]] = {name: [] for name in section.spec.get("experiments") or {}}
    for run in section.runs:
        groups.setdefault(run["experiment"], []).append(run)
    return {name: runs for name, runs in groups.items() if runs}


def experiment_title(section: ReportSection, name: str) -> str:
    """Return the title of an experiment, or its key as words."""
    experiments = section.spec.get("experiments") or {}
    return experiments.get(name, {}).get("title") or humanise(name)


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
                    "file": section.file("runs", name, folder_name(run), "run.json"),
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
            entry = {"versions": run.get("versions", {}), "hardware": run.get("hardware", {})}
            if entry not in found:
                found.append(entry)
    return found


def _common_options(runs: Sequence[Facts]) -> dict[str, Any]:
    first: Mapping[str, Any] = runs[0].get("options", {})
    return {
        key: first[key]
        for key in sorted(first)
        if all(run.get("options", {}).get(key) == first[key] for run in runs)
    }


def _run_row(run: Facts) -> dict[str, Any]:
    replicates = run["replicates"]
    return {
        "name": (configuration_text(configuration_of(run)) or humanise(run["name"]))
        + _part_text(run),
        "replicates": len(replicates),
        "diverged": sum(entry.get("diverged_epoch") is not None for entry in replicates),
        "epochs": _range([entry["epochs"] for entry in replicates if "epochs" in entry]),
        "seed": run.get("seed", ""),
        "engine": f"{run.get('engine', '')}, {run.get('device', '')}".strip(", "),
        "seconds": f"{run['wall_time_s']:.1f}" if "wall_time_s" in run else "",
        "commit": _commit(run),
    }


def _name_text(run: Facts) -> str:
    return configuration_text(configuration_of(run)) or humanise(run["name"])


def folder_name(run: Facts) -> str:
    """Return the name of a run's folder: that of its configuration, and of the part it trains."""
    return str(run["name"]) + str(run.get("part", ""))


def _part_text(run: Facts) -> str:
    """Return what the part of a run trains, if it is not all: ", fold 12, replicates 5-9"."""
    return run.get("part", "").replace("+", ", ").replace("=", " ")


def _commit(run: Facts) -> str:
    """Return ten digits of the commit; a tree with edits is not that commit and says so."""
    return str(run.get("commit") or "unknown")[:10] + (" + edits" if run.get("dirty") else "")


def _range(values: Sequence[int]) -> str:
    if not values:
        return ""
    few, many = min(values), max(values)
    return str(few) if few == many else f"{few} to {many}"
