"""Measures of rows with published numbers beside them."""

from collections.abc import Sequence

import pandas as pd

from harmodels.reporting.runs.measures import column
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.runs.published import counterpart, published_measure
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample
from harmodels.reporting.tables.published import published_table, published_value
from harmodels.reporting.tables.rows import EXPERIMENT, Row

MOST_MEASURES = ("top_1", "top_2", "top_3", "top_4", "top_5")  # of a table that names none


def default_measures(rows: Sequence[Row]) -> Sequence[str]:
    """Return top-1 to top-5; top-C is always 1 and left out."""
    return MOST_MEASURES[: len(rows[0].run.classes) - 1]


def beside(
    file: str | None,
    unpublished: Sequence[str],
    rows: Sequence[Row],
    measures: Sequence[str],
    given: Sources,
) -> pd.DataFrame | None:
    """Return the published table of some rows, if there is a file."""
    keys = [key for key in rows[0].names if key not in {EXPERIMENT, *unpublished}]
    return published_table(file, given.tables, keys, measures, rows[0].checkpoint)


def samples_of(
    rows: Sequence[Row],
    title: str,
    measures: Sequence[str],
    given: Sources,
    table: pd.DataFrame | None,
) -> list[Sample]:
    """Return the samples of a block of columns; `table` and published runs are beside them."""
    return [_sample(row, title, measure, given, table) for row in rows for measure in measures]


def _sample(
    row: Row, title: str, measure: str, given: Sources, table: pd.DataFrame | None
) -> Sample:
    run = row.run
    values = column(run, measure, row.checkpoint, row.split)
    number = published_value(table, run.settings, measure, row.checkpoint, row.split)
    theirs = counterpart(run, given.published)
    if number is None and theirs is not None:
        number = published_measure(theirs, measure, row.checkpoint, row.split)
    people = people_of_measure(run, measure, row.checkpoint, row.split, given.subjects)
    return Sample.of(run, row.names, title, measure, values, number, **people)
