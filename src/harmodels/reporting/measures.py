"""One number a replicate: what tables and claims ask of a run."""

import re
from collections.abc import Callable

import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import loss_roughness
from harmodels.evaluation.classification import class_recall, macro_f1
from harmodels.evaluation.confusion import confusion_counts, most_predicted_share
from harmodels.evaluation.predictions import select
from harmodels.evaluation.topk import top_k_accuracy
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs import Run

LOSS_MEASURES = ("min_loss", "final_loss", "loss_roughness")


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
    names = [class_text(name) for name in run.classes]
    if class_text(class_name) not in names:
        return pd.DataFrame({"replicate": pd.Series(dtype=int), "value": pd.Series(dtype=float)})
    recall = class_recall(select(run.predictions, checkpoint, split))
    rows = recall.loc[recall["label"] == names.index(class_text(class_name))].dropna()
    return rows.rename(columns={"recall": "value"})[["replicate", "value"]]


def loss_measure(run: Run, measure: str, metric: str, split: str) -> pd.DataFrame:
    """Return a measure of the loss curve of each replicate that did not diverge.

    `min_loss` is its lowest value, `final_loss` its last, `loss_roughness` its mean rise from
    an epoch to the next. Columns replicate and value.

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
    """Return how many epochs each replicate trained, columns replicate and value."""
    return _per_replicate(run, "epochs")


def _per_replicate(run: Run, key: str) -> pd.DataFrame:
    values = [
        {"replicate": entry["replicate"], "value": entry[key]}
        for entry in run.facts["replicates"]
        if entry.get(key) is not None
    ]
    return pd.DataFrame(values, columns=["replicate", "value"])
