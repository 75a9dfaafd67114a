"""One line a run: how accurate it is, how long it trained, and what with."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from harmodels.evaluation.statistics import share_interval
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import prediction_measure


def run_overview(folders: Iterable[Path]) -> pd.DataFrame:
    """Return one row a finished run, given by its folder, in their order.

    Columns `report`, `dataset`, `experiment`, `configuration`, `replicates`, `diverged`, `last`
    and `best` (test accuracy of these weights as text, with its 95 % interval over the replicates
    that did not diverge; `none` where there are no such weights), `epochs`, `engine` and `seconds`.
    """
    return pd.DataFrame([_row(folder) for folder in folders])


def _row(folder: Path) -> dict[str, object]:
    run = load_run(folder)
    record = run.record
    epochs = [outcome.epochs for outcome in run.outcomes]
    accuracies = {
        checkpoint: _accuracy_text(prediction_measure(run, "top_1", checkpoint)["value"])
        for checkpoint in ("last", "best")
    }
    return {
        "report": record.report,
        "dataset": record.dataset,
        "experiment": record.experiment,
        "configuration": record.folder,
        "replicates": run.replicates,
        "diverged": len(run.diverged),
        **accuracies,
        "epochs": f"{min(epochs)}-{max(epochs)}" if len(set(epochs)) > 1 else str(epochs[0]),
        "engine": f"{record.engine}, {record.device}",
        "seconds": record.wall_time_s,
    }


def _accuracy_text(values: "pd.Series[float]") -> str:
    """Return `0.912 [0.899, 0.925]`; without an interval of a single replicate."""
    interval = share_interval(values)
    if interval.n == 0:
        return "none"
    bounds = f" [{interval.low:.3f}, {interval.high:.3f}]" if interval.n > 1 else ""
    return f"{interval.mean:.3f}{bounds}"
