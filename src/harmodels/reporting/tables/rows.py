"""The rows of a table: which runs, and which hyperparameters name them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harmodels.errors import ConfigurationError
from harmodels.reporting.labels import words
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.specs import Spec, places_of

EXPERIMENT = "experiment"  # the heading under which titles of experiments stand

Runs = Mapping[str, Sequence[Run]]


class Row(NamedTuple):
    """One run, what names it in the table, and which of its predictions are meant."""

    run: Run
    names: dict[str, Any]
    checkpoint: str
    split: str


def rows_of(spec: Spec, runs: Runs) -> list[Row]:
    """Return a row for each run of the experiments of `spec`, stacked in their order.

    Rows of several experiments have the union of the keys that these vary. A key that an
    experiment fixes shows the option's value, one that it does not know stays empty; titles of
    experiments, where any are given, come first.

    Raises
    ------
    ConfigurationError
        If two rows would have the same names, or `where` fits nothing.
    ResultsError
        If an experiment has no runs.
    """
    places = places_of(spec)
    weights = {"checkpoint": spec.get("checkpoint", "last")}
    groups = [select_runs(runs, weights | place) for place in places]
    keys = keys_of([run for group in groups for run in group])
    titled = any("title" in place for place in places if place is not spec)
    rows = []
    for place, group in zip(places, groups, strict=True):
        title = {EXPERIMENT: place.get("title", words(place["experiment"]))} if titled else {}
        for run in group:
            settings = settings_of(run)
            names = title | {key: settings.get(key) for key in keys}
            meant = {"checkpoint": "last", "split": "test"} | spec | place
            rows.append(Row(run, names, meant["checkpoint"], meant["split"]))
    _check_names(rows)
    return rows


def keys_of(group: Sequence[Run]) -> list[str]:
    """Return the keys that any of the runs varies, in the order of the grids."""
    keys: dict[str, Any] = {}
    for run in group:
        keys |= dict.fromkeys(run.configuration)
    return list(keys)


def settings_of(run: Run) -> dict[str, Any]:
    """Return every option of a run, those that its experiment fixes included."""
    return {**run.facts.get("options", {}), **run.configuration}


def _check_names(rows: Sequence[Row]) -> None:
    names = [tuple(row.names.items()) for row in rows]
    for row, name in zip(rows, names, strict=True):
        if names.count(name) > 1:
            raise ConfigurationError(
                f"several rows are called {row.names}; give their experiments a `title`"
            )
