"""Measures of a run: one number a replicate, for tables and claims."""

import re
from collections.abc import Callable, Sequence

import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import epochs_to_loss, loss_roughness
from harmodels.evaluation.classification import class_recall, macro_f1
from harmodels.evaluation.confusion import (
    confusion_counts,
    errors_between,
    most_predicted_share,
)
from harmodels.evaluation.predictions import select
from harmodels.evaluation.topk import top_k_accuracy
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.load import Run


def prediction_measure(
    run: Run, measure: str, checkpoint: str, split: str = "test"
) -> pd.DataFrame:
    """Return `top_<k>`, `macro_f1` or `most_predicted_share`, columns replicate and value.

    Replicates without predictions of that checkpoint have no row.

    Raises
    ------
    ConfigurationError
        If there is no such measure.
    """
    rows = select(run.predictions, checkpoint, split)
    top = re.fullmatch(r"top_(\d+)", measure)
    if top:
        frame = top_k_accuracy(rows, [int(top.group(1))])
        return frame.rename(columns={"accuracy": "value"})[["replicate", "value"]]
    if measure == "macro_f1":
        return macro_f1(rows)
    if measure == "most_predicted_share":
        replicates, counts = confusion_counts(rows)
        return pd.DataFrame({"replicate": replicates, "value": most_predicted_share(counts)})
    raise ConfigurationError(
        f"there is no measure {measure!r} of predictions; "
        "there are top_1, top_2, …, macro_f1 and most_predicted_share"
    )


def recall_of(run: Run, class_name: str, checkpoint: str, split: str = "test") -> pd.DataFrame:
    """Return the recall of one class, columns replicate and value; empty without that class."""
    if unknown_classes(run, [class_name]):
        return _no_values()
    recall = class_recall(select(run.predictions, checkpoint, split))
    rows = recall.loc[recall["label"] == _label(run, class_name)].dropna()
    return rows.rename(columns={"recall": "value"})[["replicate", "value"]]


def confused_share(
    run: Run, classes: Sequence[str], checkpoint: str, split: str = "test"
) -> pd.DataFrame:
    """Return the share of all errors that lie between two classes, columns replicate and value.

    Replicates without errors have no row; empty without those classes.
    """
    if unknown_classes(run, classes):
        return _no_values()
    replicates, counts = confusion_counts(select(run.predictions, checkpoint, split))
    first, second = (_label(run, name) for name in classes)
    shares = errors_between(counts, first, second)
    return pd.DataFrame({"replicate": replicates, "value": shares}).dropna()


def unknown_classes(run: Run, classes: Sequence[str]) -> list[str]:
    """Return those of `classes` that the data set of the run does not have."""
    known = {class_text(name) for name in run.classes}
    return [name for name in classes if class_text(name) not in known]


def loss_measure(
    run: Run, measure: str, metric: str, split: str, reach: float | None = None
) -> pd.DataFrame:
    """Return a measure of the loss curve of each replicate that did not diverge.

    `min_loss` is its lowest value, `final_loss` its last, `loss_roughness` its mean rise from
    an epoch to the next, `epochs_to_loss` the first epoch at which it is `reach` or less; a curve
    that is never counts one epoch more than it has, the least that it could be. Columns replicate
    and value.

    Raises
    ------
    ConfigurationError
        If there is no such measure, or the history lacks that metric and split.
    """
    reductions: dict[str, Callable[[pd.Series[float]], float]] = {
        "min_loss": lambda losses: float(losses.min()),
        "final_loss": lambda losses: float(losses.iloc[-1]),
        "loss_roughness": lambda losses: loss_roughness(losses.tolist()),
    }
    if reach is not None:
        reductions["epochs_to_loss"] = lambda losses: epochs_to_loss(losses.tolist(), reach)
    if measure not in reductions:
        raise ConfigurationError(
            f"there is no measure {measure!r} of a loss; there are {', '.join(reductions)}"
        )
    curves = curve(run, metric, split)
    values = [
        {"replicate": replicate, "value": reductions[measure](rows["value"])}
        for replicate, rows in curves.groupby("replicate")
    ]
    return pd.DataFrame(values, columns=["replicate", "value"]).dropna()


def curve(run: Run, metric: str, split: str) -> pd.DataFrame:
    """Return one metric over the epochs, of replicates that did not diverge, sorted.

    Columns replicate, epoch, value.

    Raises
    ------
    ConfigurationError
        If the history never held that metric for that split.
    """
    history = run.history
    wanted = (history["metric"] == metric) & (history["split"] == split)
    known = sorted({f"{s} {m}" for s, m in zip(history["split"], history["metric"], strict=True)})
    if known and not wanted.any() and len(run.diverged) < run.replicates:
        raise ConfigurationError(
            f"{run.folder / 'history.parquet'} has no {split} {metric}; it has {', '.join(known)}"
        )
    kept = history.loc[wanted & ~history["replicate"].isin(run.diverged)]
    return kept.sort_values(["replicate", "epoch"])[["replicate", "epoch", "value"]]


def best_epochs(run: Run) -> pd.DataFrame:
    """Return the epoch of the best weights, columns replicate and value, where there is one."""
    return _per_replicate(run, "best_epoch")


def epochs_run(run: Run) -> pd.DataFrame:
    """Return how many epochs each replicate trained, columns replicate and value.

    What was not trained in epochs (a baseline) has no row.
    """
    values = _per_replicate(run, "epochs")
    return values.loc[values["value"] > 0].reset_index(drop=True)


def early_ends(run: Run) -> pd.DataFrame:
    """Return the last epoch of each replicate that a stopping rule ended before the others."""
    most = run.facts.get("options", {}).get("epochs")
    ends = epochs_run(run)
    ended = ends["value"] < (ends["value"].max() if most is None else most)
    return ends.loc[ended & ~ends["replicate"].isin(run.diverged)].reset_index(drop=True)


def _label(run: Run, class_name: str) -> int:
    return [class_text(name) for name in run.classes].index(class_text(class_name))


def _no_values() -> pd.DataFrame:
    return pd.DataFrame({"replicate": pd.Series(dtype=int), "value": pd.Series(dtype=float)})


def _per_replicate(run: Run, key: str) -> pd.DataFrame:
    values = [
        {"replicate": entry["replicate"], "value": entry[key]}
        for entry in run.facts["replicates"]
        if entry.get(key) is not None
    ]
    return pd.DataFrame(values, columns=["replicate", "value"])
