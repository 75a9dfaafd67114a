"""Joins the parts of a run, blocks of replicates or folds, into what reads like one run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from harmodels.data.splits import kept_checkpoints
from harmodels.errors import ResultsError
from harmodels.reporting.runs.load import Run, load_run

# What the parts of a run may differ in; everything else must be the same.
_KEYS = ("report", "dataset", "experiment", "name", "configuration", "options", "unit", "seed")


def load_runs(folders: Iterable[str | Path]) -> dict[str, list[Run]]:
    """Read several runs, grouped by experiment, in the order given; parts of a run are joined.

    Raises
    ------
    ResultsError
        As `load_run` and `group_runs`.
    """
    return group_runs(load_run(folder) for folder in folders)


def group_runs(loaded: Iterable[Run]) -> dict[str, list[Run]]:
    """Return runs by experiment, the parts of each joined.

    Raises
    ------
    ResultsError
        If runs of one data set differ in classes or origin, or parts do not belong together.
    """
    parts: dict[tuple[str, str], list[Run]] = {}
    firsts: dict[str, Run] = {}  # by data set, of which an experiment may name its own
    for run in loaded:
        first = firsts.setdefault(run.facts["dataset"], run)
        if (run.classes, run.simulated) != (first.classes, first.simulated):
            raise ResultsError(
                f"{run.folder} is of another data set than {first.folder}: "
                f"their classes or their origin differ"
            )
        parts.setdefault((run.experiment, run.name), []).append(run)
    runs: dict[str, list[Run]] = {}
    for (experiment, _), group in parts.items():
        runs.setdefault(experiment, []).append(join_parts(group))
    return runs


def join_parts(parts: Sequence[Run]) -> Run:
    """Return one run of all replicates.

    Blocks of replicates follow each other. The folds of a replicate become one network that was
    tested on everybody: its predictions are those of all folds, its losses and epochs their means.
    If one fold diverged, the replicate did, and has no predictions.

    Parameters
    ----------
    parts
        Of one configuration, in the order of the pipeline; one part is returned as it is.

    Raises
    ------
    ResultsError
        If they are not parts of one run, or two hold the same replicate and fold.
    """
    first = parts[0]
    if len(parts) == 1 and first.facts.get("fold") is None:
        return first
    for other in parts[1:]:
        differing = [key for key in _KEYS if other.facts.get(key) != first.facts.get(key)]
        if differing:
            raise ResultsError(
                f"{other.folder} and {first.folder} are parts of one run, but their "
                f"{differing[0]} differ. Delete the older folder and run snakemake again."
            )
    outcomes = _outcomes(parts)
    history = pd.concat([run.history for run in parts], ignore_index=True)
    predictions = pd.concat([run.predictions for run in parts], ignore_index=True)
    folded = first.facts.get("fold") is not None
    if folded:
        keys = ["replicate", "epoch", "split", "metric"]
        history = history.groupby(keys)["value"].mean().reset_index()
        # whoever was lost is missing from the accuracy, which would be of easier people
        kept = [
            (entry["replicate"], checkpoint)
            for entry in outcomes
            for checkpoint in kept_checkpoints(entry["diverged_epoch"], entry["best_epoch"])
        ]
        given = pd.MultiIndex.from_frame(predictions[["replicate", "checkpoint"]])
        predictions = predictions[given.isin(kept)].reset_index(drop=True)
    wall = [run.facts["wall_time_s"] for run in parts if "wall_time_s" in run.facts]
    facts = {
        **first.facts,
        "replicates": outcomes,
        "parts": [run.facts for run in parts],
        "wall_time_s": round(sum(wall), 3),
    }
    return replace(first, facts=facts, history=history, predictions=predictions)


def _outcomes(parts: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the course of each replicate, of folds taken together."""
    by_replicate: dict[int, list[Mapping[str, Any]]] = {}
    seen = set()
    for run in parts:
        for entry in run.facts["replicates"]:
            place = (entry["replicate"], run.facts.get("fold"))
            if place in seen:
                raise ResultsError(
                    f"{run.folder} holds replicate {place[0]}, which another part of the run "
                    "holds too. Delete the older folder and run snakemake again."
                )
            seen.add(place)
            by_replicate.setdefault(entry["replicate"], []).append(entry)
    return [_merge(by_replicate[number]) for number in sorted(by_replicate)]


def _merge(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if len(entries) == 1:
        return dict(entries[0])
    diverged = [e["diverged_epoch"] for e in entries if e.get("diverged_epoch") is not None]
    best = [e.get("best_epoch") for e in entries]
    whole = [epoch for epoch in best if epoch is not None]
    return {
        "replicate": entries[0]["replicate"],
        "epochs": _mean([e.get("epochs", 0) for e in entries]),
        "best_epoch": _mean(whole) if len(whole) == len(best) else None,
        "diverged_epoch": min(diverged, default=None),
        "stopped": f"{len(entries)} folds",
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 1)
