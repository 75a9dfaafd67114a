"""From a table's specification and its runs to cells; one function a kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.reporting.measures import best_epochs, epochs_run, prediction_measure
from harmodels.reporting.runs import Run, runs_of
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.cells import Sample, Table, mark_best, mark_changes, summarise
from harmodels.reporting.tables.published import published_table, published_value

Runs = Mapping[str, Sequence[Run]]
Published = Mapping[str, pd.DataFrame]

LAST_TITLE = "Last weights"
BEST_TITLE = "Best weights (early stopping)"


def build_table(spec: Spec, runs: Runs, published: Published) -> Table:
    """Build a table.

    Parameters
    ----------
    spec
        One entry under `tables` of a report's configuration.
    runs
        The runs of each experiment that `specs.experiments_of(spec)` names, in grid order.
    published
        The tables of `config/published` that `specs.published_of(spec)` names.

    Raises
    ------
    ConfigurationError
        If the kind, a measure or a published table does not exist.
    ResultsError
        If an experiment has no runs.
    """
    kinds: dict[str, Callable[[Spec, Runs, Published], Table]] = {
        "top_k": _top_k,
        "last_against_best": _last_against_best,
        "side_by_side": _side_by_side,
    }
    if spec.get("kind") not in kinds:
        raise ConfigurationError(
            f"there is no table of kind {spec.get('kind')!r}; there are {', '.join(kinds)}"
        )
    return kinds[spec["kind"]](spec, runs, published)


def _top_k(spec: Spec, runs: Runs, published: Published) -> Table:
    group = runs_of(runs, spec["experiment"])
    keys = _keys(group)
    beside = _beside(spec, spec, group, published, spec["checkpoint"])
    samples = _samples(spec, group, "", spec["checkpoint"], beside)
    return Table(spec["title"], spec["kind"], keys, mark_best(summarise(samples, keys)))


def _last_against_best(spec: Spec, runs: Runs, published: Published) -> Table:
    group = runs_of(runs, spec["experiment"])
    keys = _keys(group)
    beside = _beside(spec, spec, group, published, "last")
    samples = [
        *_samples(spec, group, LAST_TITLE, "last", beside),
        *_samples(spec, group, BEST_TITLE, "best", beside),
        *(_sample(run, BEST_TITLE, "early_stop_epoch", "best", beside) for run in group),
    ]
    cells = mark_changes(summarise(samples, keys), samples, LAST_TITLE, BEST_TITLE)
    return Table(spec["title"], spec["kind"], keys, cells)


def _side_by_side(spec: Spec, runs: Runs, published: Published) -> Table:
    samples: list[Sample] = []
    keys: list[str] = []
    titles = (spec["left"]["title"], spec["right"]["title"])
    if titles[0] == titles[1]:
        raise ConfigurationError(f"both sides of a table are called {titles[0]!r}")
    for side in (spec["left"], spec["right"]):
        group = runs_of(runs, side["experiment"])
        beside = _beside(spec, side, group, published, side["checkpoint"])
        samples += _samples(spec, group, side["title"], side["checkpoint"], beside)
        keys += [key for key in _keys(group) if key not in keys]
    cells = mark_changes(summarise(samples, keys), samples, *titles)
    return Table(spec["title"], spec["kind"], tuple(keys), cells)


def _samples(
    spec: Spec, group: Sequence[Run], title: str, checkpoint: str, beside: pd.DataFrame | None
) -> list[Sample]:
    return [
        _sample(run, title, measure, checkpoint, beside)
        for run in group
        for measure in _measures(spec, group)
    ]


def _beside(
    spec: Spec, side: Spec, group: Sequence[Run], published: Published, checkpoint: str
) -> pd.DataFrame | None:
    measures = _measures(spec, group)
    return published_table(side.get("published"), published, _keys(group), measures, checkpoint)


def _sample(
    run: Run, title: str, measure: str, checkpoint: str, beside: pd.DataFrame | None
) -> Sample:
    counted = {"early_stop_epoch": best_epochs, "epochs": epochs_run}
    values = (
        counted[measure](run)
        if measure in counted
        else prediction_measure(run, measure, checkpoint)
    )
    return Sample(
        configuration=run.configuration,
        group=title,
        measure=measure,
        values=values,
        replicates=run.replicates,
        diverged=len(run.diverged),
        simulated=run.simulated,
        published=published_value(beside, run.configuration, measure, checkpoint),
    )


def _measures(spec: Spec, group: Sequence[Run]) -> list[str]:
    """Return the columns asked for, or top-1 to top-5; top-C is always 1 and left out."""
    return spec.get("measures") or [
        f"top_{k}" for k in range(1, min(5, len(group[0].classes) - 1) + 1)
    ]


def _keys(group: Sequence[Run]) -> tuple[str, ...]:
    keys: dict[str, Any] = {}
    for run in group:
        keys |= dict.fromkeys(run.configuration)
    return tuple(keys)
