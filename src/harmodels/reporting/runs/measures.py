"""Measures of a run: one number a replicate, for tables and claims."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.published import measure_columns
from harmodels.errors import ConfigurationError
from harmodels.evaluation.classification import class_recall, macro_f1
from harmodels.evaluation.confusion import (
    confusion_counts,
    errors_between,
    mistaken_margin,
    most_predicted_share,
    recall_lead,
)
from harmodels.evaluation.curves import (
    epochs_to_loss,
    final_slope,
    loss_roughness,
    residual_roughness,
)
from harmodels.evaluation.gradients import is_gradient_norm
from harmodels.evaluation.predictions import labels_of, predicted_labels, select
from harmodels.evaluation.ties import tied
from harmodels.evaluation.topk import top_k_accuracy
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.load import Run

PER_CLASS = "_per_class"  # of a metric: the recorded sum over classes, divided by their number
MOST_PREDICTED = "most_predicted_share"
LEVEL_OF_SIGMOIDS = f"binary_cross_entropy{PER_CLASS}"
FIRST_OF_LEVEL = 10  # the epoch from which on the reports' losses are level


def prediction_measure(
    run: Run, measure: str, checkpoint: str, split: str = "test"
) -> pd.DataFrame:
    """Return a measure of predictions, columns replicate and value.

    `most_predicted_share_without_<class>` is the share of the most predicted class among the
    sequences of all other classes. Replicates without predictions of that checkpoint have no row,
    and nobody has one where there is no such class. An unknown measure is a ConfigurationError.
    """
    if run.printed is not None:
        number = _printed(run.printed, measure, checkpoint, split)
        if number is not None:
            return pd.DataFrame({"replicate": [0], "value": [number]})
    rows = select(run.predictions, checkpoint, split)
    top = re.fullmatch(r"top_(\d+)", measure)
    # a matrix tells the first answers alone
    if run.printed is not None and (rows.empty or (top and measure != "top_1")):
        return no_values()
    if top:
        frame = top_k_accuracy(rows, [int(top.group(1))])
        return frame.rename(columns={"accuracy": "value"})[["replicate", "value"]]
    if measure == "macro_f1":
        return macro_f1(rows)
    if class_name := class_of_recall(measure):
        return recall_of(run, class_name, checkpoint, split)
    if measure.startswith(MOST_PREDICTED):
        others = measure.removeprefix(MOST_PREDICTED).removeprefix("_without_")
        if others and unknown_classes(run, [others]):
            return no_values()
        kept = rows.loc[rows["label"] != label_of(run, others)] if others else rows
        replicates, counts = confusion_counts(kept)
        return pd.DataFrame({"replicate": replicates, "value": most_predicted_share(counts)})
    raise ConfigurationError(
        f"there is no measure {measure!r} of predictions; there are top_1, top_2, …, macro_f1, "
        "most_predicted_share, most_predicted_share_without_<class> and recall_<class>"
    )


def _printed(
    printed: Mapping[str, float], measure: str, checkpoint: str, split: str
) -> float | None:
    names = measure_columns(measure, checkpoint) if split == "test" else []
    return next((printed[name] for name in names if name in printed), None)


def column(run: Run, measure: str, checkpoint: str, split: str = "test") -> pd.DataFrame:
    """Return a column of a table, of predictions or of the course of the training.

    Columns replicate and value; an unknown measure is a ConfigurationError.
    """
    courses: dict[str, Callable[[Run], pd.DataFrame]] = {
        "early_stop_epoch": best_epochs,
        "epochs": epochs_run,
        "best_accuracy_epoch": best_accuracy_epochs,
        "train_loss": lambda run: loss_level(run, "train"),
        "validation_loss": lambda run: loss_level(run, "validation"),
        "loss_gap": loss_gap,
    }
    if measure in courses:
        return courses[measure](run)
    return prediction_measure(run, measure, checkpoint, split)


def class_of_recall(measure: str) -> str | None:
    """Return the class of `recall_<class>`; None for another measure."""
    return measure.removeprefix("recall_") if measure.startswith("recall_") else None


def recall_of(run: Run, class_name: str, checkpoint: str, split: str = "test") -> pd.DataFrame:
    """Return the recall of one class, columns replicate and value; empty without that class."""
    if unknown_classes(run, [class_name]):
        return no_values()
    recall = class_recall(select(run.predictions, checkpoint, split))
    rows = recall.loc[recall["label"] == label_of(run, class_name)].dropna()
    return rows.rename(columns={"recall": "value"})[["replicate", "value"]]


def resolution_of(
    run: Run,
    checkpoint: str,
    split: str = "test",
    *,
    class_name: str | None = None,
    wrong: bool = False,
) -> float:
    """Return 1 / n of a share of the n sequences of a split, of one class or of the wrong answers.

    Of replicates with other numbers it is that of the smallest; 0 of printed numbers, and where
    there are no predictions.
    """
    if run.printed is not None:
        return 0.0
    rows = select(run.predictions, checkpoint, split)
    if class_name is not None:
        known = not unknown_classes(run, [class_name])
        rows = rows.loc[rows["label"] == label_of(run, class_name)] if known else rows.head(0)
    if wrong:
        rows = rows.loc[predicted_labels(rows) != labels_of(rows)]
    return 0.0 if rows.empty else 1.0 / int(rows.groupby("replicate").size().min())


def confused_share(
    run: Run, classes: Sequence[str], checkpoint: str, split: str = "test"
) -> pd.DataFrame:
    """Return the share of all errors that lie between two classes, columns replicate and value.

    Replicates without errors have no row; empty without those classes.
    """
    if unknown_classes(run, classes):
        return no_values()
    replicates, counts = counts_of(run, checkpoint, split)
    first, second = (label_of(run, name) for name in classes)
    shares = errors_between(counts, first, second)
    return pd.DataFrame({"replicate": replicates, "value": shares}).dropna()


def counts_of(
    run: Run, checkpoint: str, split: str = "test"
) -> tuple[list[int], NDArray[np.int64]]:
    """Return the replicates with predictions and their confusion counts, shape (R, C, C)."""
    return confusion_counts(select(run.predictions, checkpoint, split))


def lead_of_recall(run: Run, class_name: str, checkpoint: str, split: str = "test") -> pd.DataFrame:
    """Return how far a class's recall lies above every other, columns replicate and value.

    Empty without that class.
    """
    if unknown_classes(run, [class_name]):
        return no_values()
    replicates, counts = counts_of(run, checkpoint, split)
    lead = recall_lead(counts, label_of(run, class_name))
    return pd.DataFrame({"replicate": replicates, "value": lead}).dropna()


def mistaken_margins(
    runs: Sequence[Run],
    classes: Sequence[str],
    answer: str,
    expected: Literal["greater", "less"],
    checkpoint: str,
    split: str = "test",
) -> pd.DataFrame:
    """Return `mistaken_margin` of the counts added up over runs, columns replicate and value.

    A replicate that one of the runs lacks has no row; empty without those classes.
    """
    if unknown_classes(runs[0], [*classes, answer]):
        return no_values()
    found = [counts_of(run, checkpoint, split) for run in runs]
    common = sorted(set.intersection(*(set(replicates) for replicates, _ in found)))
    if not common:
        return no_values()
    total = sum(counts[np.isin(replicates, common)] for replicates, counts in found)
    labels = [label_of(runs[0], name) for name in classes]
    margin = mistaken_margin(
        np.asarray(total), labels, label_of(runs[0], answer), most=expected == "greater"
    )
    return pd.DataFrame({"replicate": common, "value": margin}).dropna()


def unknown_classes(run: Run, classes: Sequence[str]) -> list[str]:
    """Return those of `classes` that the data set of the run does not have."""
    known = {class_text(name) for name in run.classes}
    return [name for name in classes if class_text(name) not in known]


def loss_measure(
    run: Run, measure: str, metric: str, split: str, reach: float | None = None
) -> pd.DataFrame:
    """Return a measure of the loss curve of each replicate that did not diverge.

    `loss_roughness` is the mean rise from an epoch to the next, `epochs_to_loss` the first epoch at
    which the loss is `reach` or less; a curve that is never counts one epoch more than it has, the
    least that it could be. Columns replicate and value; ConfigurationError for an unknown measure.
    """
    reductions: dict[str, Callable[[pd.Series[float]], float]] = {
        "min_loss": lambda losses: float(losses.min()),
        "final_loss": lambda losses: float(losses.iloc[-1]),
        "loss_roughness": lambda losses: loss_roughness(losses.tolist()),
        "residual_roughness": lambda losses: residual_roughness(losses.tolist()),
        "final_slope": lambda losses: final_slope(losses.tolist()),
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

    Columns replicate, epoch, value. Training records sums over the classes; of a metric that ends
    in `_per_class` the sum is divided by their number, unless the history holds the mean itself.
    Raises ConfigurationError if the history never held that metric for that split.
    """
    history = run.history
    recorded, divisor = _recorded(run, metric)
    wanted = (history["metric"] == recorded) & (history["split"] == split)
    losses = history.loc[~is_gradient_norm(history)]
    known = sorted({f"{s} {m}" for s, m in zip(losses["split"], losses["metric"], strict=True)})
    if known and not wanted.any() and len(run.diverged) < run.replicates:
        raise ConfigurationError(
            f"{run.folder / 'history.parquet'} has no {split} {recorded}; it has {', '.join(known)}"
        )
    kept = history.loc[wanted & ~history["replicate"].isin(run.diverged)]
    found = kept.sort_values(["replicate", "epoch"])[["replicate", "epoch", "value"]]
    return found if divisor == 1 else found.assign(value=found["value"] / divisor)


def has_curve(run: Run, metric: str, split: str) -> bool:
    """Return whether the history holds a metric for a split."""
    history, recorded = run.history, _recorded(run, metric)[0]
    return bool(((history["metric"] == recorded) & (history["split"] == split)).any())


def _recorded(run: Run, metric: str) -> tuple[str, int]:
    """Return the metric of the history that `metric` is made from, and what divides it."""
    if metric in set(run.history["metric"]) or not metric.endswith(PER_CLASS):
        return metric, 1
    return metric.removesuffix(PER_CLASS), len(run.classes)


def loss_level(run: Run, split: str) -> pd.DataFrame:
    """Return each replicate's mean loss from epoch 10 to its last, columns replicate and value.

    The loss is the binary cross-entropy per class where that is recorded, otherwise the
    cross-entropy. There is no row without such a curve, or where it ends before epoch 10.
    """
    sums = {"binary_cross_entropy", LEVEL_OF_SIGMOIDS} & set(run.history["metric"])
    metric = LEVEL_OF_SIGMOIDS if sums else "cross_entropy"
    if split not in set(run.history.loc[run.history["metric"] != "accuracy", "split"]):
        return no_values()
    losses = curve(run, metric, split)
    late = losses.loc[losses["epoch"] >= FIRST_OF_LEVEL]
    return late.groupby("replicate")["value"].mean().reset_index()


def loss_gap(run: Run) -> pd.DataFrame:
    """Return validation minus training of `loss_level`, columns replicate and value."""
    sides = [loss_level(run, split).set_index("replicate") for split in ("validation", "train")]
    return (sides[0] - sides[1]).dropna().reset_index()


def best_accuracy_epochs(run: Run) -> pd.DataFrame:
    """Return the first epoch of the highest validation accuracy, columns replicate and value."""
    history = run.history
    if not ((history["metric"] == "accuracy") & (history["split"] == "validation")).any():
        return no_values()
    curves = curve(run, "accuracy", "validation")
    highest = curves.groupby("replicate")["value"].transform("max")
    best = curves.loc[tied(curves["value"], highest)].drop_duplicates("replicate")
    return best[["replicate", "epoch"]].rename(columns={"epoch": "value"}).reset_index(drop=True)


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
    most = run.options.get("epochs")
    ends = epochs_run(run)
    ended = ends["value"] < (ends["value"].max() if most is None else most)
    return ends.loc[ended & ~ends["replicate"].isin(run.diverged)].reset_index(drop=True)


def label_of(run: Run, class_name: str) -> int:
    """Return the label of a class that the run's data set has."""
    return [class_text(name) for name in run.classes].index(class_text(class_name))


def no_values() -> pd.DataFrame:
    """Return no row, columns replicate and value."""
    return pd.DataFrame({"replicate": pd.Series(dtype=int), "value": pd.Series(dtype=float)})


def _per_replicate(run: Run, key: str) -> pd.DataFrame:
    values = [
        {"replicate": outcome.replicate, "value": value}
        for outcome in run.outcomes
        if (value := getattr(outcome, key)) is not None
    ]
    return pd.DataFrame(values, columns=["replicate", "value"])
