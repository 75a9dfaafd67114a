"""From a place in a specification to the runs that it means."""

from collections.abc import Mapping, Sequence
from typing import Any

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.reporting.labels import agrees, configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.model_selection import choose_run


def runs_of(runs: Mapping[str, Sequence[Run]], experiment: str) -> Sequence[Run]:
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


def select_runs(runs: Mapping[str, Sequence[Run]], place: Mapping[str, Any]) -> list[Run]:
    """Return the runs of `place["experiment"]` that `where` and `choose` leave, if they are there.

    `where` keeps the configurations that agree with its values; of these `choose` keeps the one
    that is best on validation data with the weights `checkpoint` (the last ones unless told).

    Raises
    ------
    ConfigurationError
        If `where` names a key that the experiment does not vary, no configuration agrees, or there
        are no validation data to choose on.
    ResultsError
        If the experiment has no runs.
    """
    group = runs_of(runs, place["experiment"])
    found = [run for run in group if agrees(run.configuration, place.get("where", {}))]
    if not found:
        raise ConfigurationError(
            f"no configuration of experiment {place['experiment']!r} agrees with "
            f"{place.get('where')}; there are {'; '.join(run.name for run in group)}"
        )
    if "choose" in place:
        return [choose_run(found, place["choose"], place.get("checkpoint", "last"))]
    return found


def only_run(runs: Mapping[str, Sequence[Run]], place: Mapping[str, Any], what: str) -> Run:
    """Return the run of a place that must leave one; `what` says who needs it, for the message.

    Raises
    ------
    ConfigurationError
        As `select_runs`; also if the place leaves several.
    """
    group = select_runs(runs, place)
    if len(group) > 1:
        names = "; ".join(configuration_text(run.configuration) for run in group)
        raise ConfigurationError(
            f"{what} needs one configuration, but {place['experiment']!r} where "
            f"{place.get('where', 'nothing is said')} has {len(group)}: {names}"
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
