"""The runs that a selection means, and the best of them on held-out data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from harmodels.config.selection import Selection, agrees
from harmodels.errors import ConfigurationError, ResultsError
from harmodels.evaluation.ties import tied
from harmodels.messages import listed
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import curve, prediction_measure

CRITERIA = ("validation_accuracy", "validation_loss", "test_accuracy")


def runs_of(runs: Runs, experiment: str) -> Sequence[Run]:
    """Return the runs of an experiment; raise ResultsError if there are none."""
    if not runs.get(experiment):
        raise ResultsError(
            f"no runs of experiment {experiment!r} were given; "
            f"there are runs of {', '.join(runs) or 'none'}"
        )
    return runs[experiment]


def select_runs(runs: Runs, selection: Selection) -> list[Run]:
    """Return the runs of the experiment that `where` and `choose` leave, in the grid's order.

    `where` keeps the configurations that agree with its values; of these `choose` keeps the one
    that is best on validation data with the weights `checkpoint`. Raises ConfigurationError if no
    configuration agrees or there are no validation data, ResultsError if there are no runs.
    """
    group = runs_of(runs, selection.experiment)
    found = [run for run in group if agrees(run.configuration, selection.where)]
    if not found:
        raise ConfigurationError(
            f"no configuration of experiment {selection.experiment!r} agrees with "
            f"{selection.where}; there are {listed(run.name for run in group)}"
        )
    if selection.choose:
        return [choose_run(found, selection.choose, selection.checkpoint)]
    return found


def select_run(runs: Runs, selection: Selection, user: str) -> Run:
    """Return the only run of a selection; an error says that `user` needs a single one."""
    group = select_runs(runs, selection)
    if len(group) > 1:
        raise ConfigurationError(
            f"{user} needs one configuration, but {selection.experiment!r} where "
            f"{selection.where or 'nothing is said'} has {len(group)}: "
            f"{listed(run.name for run in group)}"
        )
    return group[0]


def option_values(group: Sequence[Run], option: str) -> list[Any]:
    """Return the value of an option in each run; raise if the experiment does not vary it."""
    for run in group:
        if option not in run.configuration:
            raise ConfigurationError(
                f"experiment {run.experiment!r} does not vary {option!r}; "
                f"it varies {', '.join(run.configuration) or 'nothing'}"
            )
    return [run.configuration[option] for run in group]


def pair_runs(left: Sequence[Run], right: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Pair the runs of two sides that have the same configuration; raise if there are none.

    One run on each side is a pair whatever their configurations.
    """
    pairs = [(a, b) for a in left for b in right if a.configuration == b.configuration]
    if not pairs and len(left) == len(right) == 1:
        pairs = [(left[0], right[0])]
    if not pairs:
        raise ResultsError(
            f"experiments {left[0].experiment!r} and {right[0].experiment!r} share no "
            f"configuration; choose one on each side with `where` to set them side by side"
        )
    return pairs


def choose_run(group: Sequence[Run], criterion: str, checkpoint: str = "last") -> Run:
    """Return the run with the highest accuracy or the lowest loss, mean over replicates.

    Equal validation accuracies are told apart by the validation loss; what is still equal by the
    order of the grid, the first being taken. A configuration of which a replicate diverged comes
    after all others. `checkpoint` names the weights that are looked at afterwards, too. The
    criterion `test_accuracy` is what one must not do: it shows what it would have chosen.
    """
    if criterion not in CRITERIA:
        raise ConfigurationError(
            f"there is no criterion {criterion!r} to choose by; there are {', '.join(CRITERIA)}"
        )
    badness = [_badness(run, criterion, checkpoint) for run in group]
    kept = list(range(len(group)))
    for scores in zip(*badness, strict=True):
        lowest = min(scores[i] for i in kept)
        kept = [i for i in kept if tied(scores[i], lowest)]
    return group[kept[0]]


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
