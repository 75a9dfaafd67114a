"""Model selection: the configuration of an experiment that is best on held-out data."""

from collections.abc import Sequence

import numpy as np

from harmodels.errors import ConfigurationError
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import curve, prediction_measure

CRITERIA = ("validation_accuracy", "validation_loss", "test_accuracy")


def choose_run(group: Sequence[Run], criterion: str, checkpoint: str = "last") -> Run:
    """Return the run with the highest accuracy or the lowest loss, mean over replicates.

    Equal validation accuracies are told apart by the validation loss; what is still equal by the
    order of the grid, the first being taken. A configuration of which a replicate diverged comes
    after all others.

    Parameters
    ----------
    group
        The configurations compared.
    criterion
        `validation_accuracy`, `validation_loss` (of the weights `checkpoint`) or `test_accuracy`.
        The last is what one must not do; it is here to show what it would have chosen.
    checkpoint
        `last` or `best`: the weights that are looked at afterwards are those chosen by.

    Raises
    ------
    ConfigurationError
        If there is no such criterion, or a run has no sequences of that split.
    """
    if criterion not in CRITERIA:
        raise ConfigurationError(
            f"there is no criterion {criterion!r} to choose by; there are {', '.join(CRITERIA)}"
        )
    return min(group, key=lambda run: _badness(run, criterion, checkpoint))


def _badness(run: Run, criterion: str, checkpoint: str) -> tuple[int, float, float]:
    """Return a sorting key, lower for better: diverged replicates, score, what decides ties."""
    split = criterion.split("_", maxsplit=1)[0]
    if split not in set(run.predictions["split"]) and len(run.diverged) < run.replicates:
        raise ConfigurationError(
            f"{run.folder} has no {split} sequences to choose on; "
            "set `validation: true` in its experiment"
        )
    lost = len(run.diverged)
    if criterion == "validation_loss":
        return lost, _loss(run, checkpoint), 0.0
    accuracies = prediction_measure(run, "top_1", checkpoint, split)["value"]
    score = -float(accuracies.mean()) if len(accuracies) else np.inf
    return lost, score, _loss(run, checkpoint) if split == "validation" else 0.0


def _loss(run: Run, checkpoint: str) -> float:
    """Return the validation loss of the last weights, or of the best: its lowest value."""
    metric = run.options.get("monitor", "cross_entropy")
    by_replicate = curve(run, metric, "validation").groupby("replicate")["value"]
    losses = by_replicate.last() if checkpoint == "last" else by_replicate.min()
    return float(losses.mean()) if len(losses) else np.inf
