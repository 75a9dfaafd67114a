"""The runs that a selection means."""

from collections.abc import Sequence

from harmodels.config.messages import listed
from harmodels.config.selection import Selection, agrees
from harmodels.errors import ConfigurationError, ResultsError
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.model_selection import choose_run


def runs_of(runs: Runs, experiment: str) -> Sequence[Run]:
    """Return the runs of an experiment.

    Raises
    ------
    ResultsError
        If there are none.
    """
    if not runs.get(experiment):
        raise ResultsError(
            f"no runs of experiment {experiment!r} were given; "
            f"there are runs of {', '.join(runs) or 'none'}"
        )
    return runs[experiment]


def select_runs(runs: Runs, selection: Selection) -> list[Run]:
    """Return the runs of the experiment that `where` and `choose` leave, in the grid's order.

    `where` keeps the configurations that agree with its values; of these `choose` keeps the one
    that is best on validation data with the weights `checkpoint`.

    Raises
    ------
    ConfigurationError
        If `where` names a key that the experiment does not vary, no configuration agrees, or there
        are no validation data to choose on.
    ResultsError
        If the experiment has no runs.
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
    """Return the only run of a selection; `user` says who needs a single one, for the message.

    Raises
    ------
    ConfigurationError
        As `select_runs`; also if several runs are left.
    """
    group = select_runs(runs, selection)
    if len(group) > 1:
        raise ConfigurationError(
            f"{user} needs one configuration, but {selection.experiment!r} where "
            f"{selection.where or 'nothing is said'} has {len(group)}: "
            f"{listed(run.name for run in group)}"
        )
    return group[0]


def pair_runs(left: Sequence[Run], right: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Pair the runs of two sides that have the same configuration.

    One run on each side is a pair whatever their configurations.

    Raises
    ------
    ResultsError
        If there is no pair.
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
