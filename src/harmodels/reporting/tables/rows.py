"""Rows of a table: the runs selected, and the hyperparameters that name them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from harmodels.config.selection import Selection
from harmodels.config.specs.rows import Settings, row_names
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.selection import select_runs


class Row(NamedTuple):
    """One run, what names it in the table, and which of its predictions are meant."""

    run: Run
    names: dict[str, Any]
    checkpoint: str
    split: str


def rows_of(selections: Sequence[Selection], runs: Runs, titled: bool = False) -> list[Row]:
    """Return a row for each run of the selections, stacked in their order.

    `titled` names their experiments even where no selection has a title.

    Raises
    ------
    ConfigurationError
        If two rows would have the same names, or `where` fits nothing.
    ResultsError
        If an experiment has no runs.
    """
    groups = [select_runs(runs, selection) for selection in selections]
    named = row_names(
        selections,
        [[Settings(run.configuration, run.settings) for run in group] for group in groups],
        titled,
    )
    return [
        Row(run, names, selection.checkpoint, selection.split)
        for selection, group, given in zip(selections, groups, named, strict=True)
        for run, names in zip(group, given, strict=True)
    ]
