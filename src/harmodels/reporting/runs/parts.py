"""Joins the parts of a run, blocks of replicates or folds, into what reads like one run."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from harmodels.errors import ResultsError
from harmodels.records.run import ReplicateRecord
from harmodels.reporting.runs.load import Run, load_run

# What the parts of a run may differ in; everything else must be the same.
_KEYS = ("report", "dataset", "experiment", "name", "configuration", "options", "unit", "seed")


def load_runs(folders: Iterable[str | Path]) -> dict[str, list[Run]]:
    """Read several runs, grouped by experiment, in the order given; parts of a run are joined."""
    return group_runs(load_run(folder) for folder in folders)


def group_runs(loaded: Iterable[Run]) -> dict[str, list[Run]]:
    """Return runs by experiment, the parts of each joined.

    Raises ResultsError if runs of one data set differ in classes or origin.
    """
    parts: dict[tuple[str, str], list[Run]] = {}
    firsts: dict[str, Run] = {}  # by data set, of which an experiment may name its own
    for run in loaded:
        first = firsts.setdefault(run.record.dataset, run)
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
    """Return one run of all replicates from the parts of a configuration, in the pipeline's order.

    Blocks of replicates follow each other. The folds of a replicate become one network that was
    tested on everybody: its predictions are those of all folds, its losses and epochs their means.
    If one fold diverged, the replicate did, and has no predictions. Raises ResultsError if they
    are not parts of one run, or two hold the same replicate and fold.
    """
    first, fold = parts[0], parts[0].record.fold
    if len(parts) == 1 and fold is None:
        return first
    for other in parts[1:]:
        for key in _KEYS:
            if getattr(other.record, key) != getattr(first.record, key):
                raise ResultsError(
                    f"{other.folder} and {first.folder} are parts of one run, but their "
                    f"{key} differ. Delete the older folder and run snakemake again."
                )
    outcomes = _outcomes(parts)
    history = pd.concat([run.history for run in parts], ignore_index=True)
    predictions = pd.concat([run.predictions for run in parts], ignore_index=True)
    if fold is not None:
        keys = ["replicate", "epoch", "split", "metric"]
        history = history.groupby(keys)["value"].mean().reset_index()
        # whoever was lost is missing from the accuracy, which would be of easier people
        kept = [(one.replicate, checkpoint) for one in outcomes for checkpoint in one.checkpoints]
        given = pd.MultiIndex.from_frame(predictions[["replicate", "checkpoint"]])
        predictions = predictions[given.isin(kept)].reset_index(drop=True)
    records = tuple(record for run in parts for record in run.records)
    return replace(
        first, outcomes=outcomes, history=history, predictions=predictions, records=records
    )


def _outcomes(parts: Sequence[Run]) -> tuple[ReplicateRecord, ...]:
    """Return what became of each replicate, of folds taken together."""
    by_replicate: dict[int, dict[str | None, ReplicateRecord]] = {}
    for run in parts:
        for outcome in run.outcomes:
            folds = by_replicate.setdefault(outcome.replicate, {})
            if run.record.fold in folds:
                raise ResultsError(
                    f"{run.folder} holds replicate {outcome.replicate}, which another part of the "
                    "run holds too. Delete the older folder and run snakemake again."
                )
            folds[run.record.fold] = outcome
    return tuple(_merge([*by_replicate[number].values()]) for number in sorted(by_replicate))


def _merge(folds: Sequence[ReplicateRecord]) -> ReplicateRecord:
    if len(folds) == 1:
        return folds[0]
    best = [one.best_epoch for one in folds if one.best_epoch is not None]
    return ReplicateRecord(
        replicate=folds[0].replicate,
        epochs=_mean([one.epochs for one in folds]),
        best_epoch=_mean(best) if len(best) == len(folds) else None,
        diverged_epoch=min(
            (one.diverged_epoch for one in folds if one.diverged_epoch is not None), default=None
        ),
        stopped=f"{len(folds)} folds",
    )


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 1)
