"""Rows of a table: the runs selected, and what tells them apart."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, Self

from pydantic import model_validator

from harmodels.config.base import Filled, Key, key, wrong
from harmodels.config.selection import (
    Choosing,
    Criterion,
    ListedWeights,
    OfCheckpoint,
    OfSplit,
    Selection,
    Where,
)
from harmodels.errors import ConfigurationError
from harmodels.reporting.checks import Known
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.tables.spec import TableSpec

EXPERIMENT = "experiment"  # the heading above titles of experiments


class Stack(ListedWeights, Choosing):
    """Some rows of a table."""


class Stacked(OfSplit, OfCheckpoint, TableSpec):
    """Keys of a table with the rows of one experiment, or those of several stacked."""

    experiment: Key | None = key(None, "Key of an experiment of the same report.")
    where: Where = key({}, "Values of its grid that the rows agree with.")
    choose: Criterion | None = key(None, "One row, chosen by validation data.")
    experiments: Filled[Stack] = key(
        (),
        "Instead of one experiment, several: their rows are stacked, with the union of their "
        "keys. With a title on any of them the experiment is a column; a checkpoint replaces "
        "the table's own.",
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        own = [name for name in ("experiment", "where", "choose") if name in self.model_fields_set]
        if self.experiments and own:
            raise wrong(
                f"{own[0]!r} cannot be given beside 'experiments'; give it to the items of the list"
            )
        if not self.experiments and self.experiment is None:
            raise wrong("the key 'experiment' is missing")
        return self

    @property
    def selections(self) -> list[Selection]:
        """The rows of each experiment."""
        if self.experiment is None:
            return [item.selection_in(self) for item in self.experiments]
        return [Selection(self.experiment, self.where, self.choose, self.checkpoint, self.split)]

    @property
    def needs_subjects(self) -> bool:
        """Whether it needs to know who was recorded: for intervals over the people tested."""
        return self.split == "test"

    def check(self, known: Known) -> None:
        """Refuse what the experiments do not have, and rows that cannot be told apart."""
        super().check(known)
        row_keys(known, self.selections)


class Row(NamedTuple):
    """One run, what names it in the table, and which of its predictions are meant."""

    run: Run
    names: dict[str, Any]
    checkpoint: str
    split: str


def rows_of(selections: Sequence[Selection], runs: Runs, titled: bool = False) -> list[Row]:
    """Return a row for each run of the selections, stacked in their order.

    Rows of several experiments have the union of the keys that these vary. A key that an
    experiment fixes shows the option's value, one that it does not know stays empty; titles of
    selections, where any are given or `titled` asks for them, come first. Raises
    ConfigurationError if two rows would have the same names.
    """
    groups = [select_runs(runs, selection) for selection in selections]
    settings = [[(run.configuration, run.settings) for run in group] for group in groups]
    named = _names(selections, settings, titled)
    return [
        Row(run, names, selection.checkpoint, selection.split)
        for selection, group, given in zip(selections, groups, named, strict=True)
        for run, names in zip(group, given, strict=True)
    ]


def row_keys(known: Known, selections: Sequence[Selection], titled: bool = False) -> list[str]:
    """Return what will name the rows; refuse rows that cannot be told apart."""
    groups = [
        [(c.values, {**c.options, **c.values}) for c in known.selected(selection)]
        for selection in selections
    ]
    # where one is chosen after training, any has its names
    groups = [
        group[:1] if selection.choose else group
        for selection, group in zip(selections, groups, strict=True)
    ]
    return list(_names(selections, groups, titled)[0][0])


def keys_of(configurations: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys that any of the configurations varies, in the order of the grids."""
    return list(dict.fromkeys(key for values in configurations for key in values))


def _names(
    selections: Sequence[Selection],
    groups: Sequence[Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]],
    titled: bool,
) -> list[list[dict[str, Any]]]:
    """Return the names of each row from what its configuration varies, and all its settings."""
    keys = keys_of(values for group in groups for values, _ in group)
    titled = titled or any(selection.title for selection in selections)
    names = []
    for selection, group in zip(selections, groups, strict=True):
        title = {EXPERIMENT: selection.name} if titled else {}
        names.append([title | {key: settings.get(key) for key in keys} for _, settings in group])
    seen = set()
    for name in chain.from_iterable(names):
        row = tuple(name.values())  # all rows have the same keys
        if row in seen:
            raise ConfigurationError(
                f"several rows are called {name}; give their experiments a `title`"
            )
        seen.add(row)
    return names
