"""Rows of a table that show what the report published of an experiment."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from harmodels.config.selection import agrees
from harmodels.config.specs.rows import EXPERIMENT
from harmodels.config.specs.tables import PublishedRow
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.published import published_measure
from harmodels.reporting.tables.cells import CELL_COLUMNS, PUBLISHED, plain_cell


def published_cells(
    row: PublishedRow, published: Runs, keys: Sequence[str], measures: Sequence[str]
) -> pd.DataFrame:
    """Return the cells of one row a published configuration, or of one for all of them.

    The latter holds the mean with the smallest and the largest value. What the report says
    nothing of stays empty.
    """
    selection = row.selection
    found = [
        run
        for run in published.get(selection.experiment, ())
        if agrees(run.configuration, selection.where)
    ]
    rows = (
        [(found, selection.where)]
        if row.rows == "mean"
        else [([r], r.configuration) for r in found]
    )
    cells = [
        {key: {EXPERIMENT: selection.name, **names}.get(key) for key in keys}
        | _cell(group, measure, selection.checkpoint)
        for group, names in rows
        for measure in measures
    ]
    return pd.DataFrame(cells, columns=[*keys, *CELL_COLUMNS])


def _cell(group: Sequence[Run], measure: str, checkpoint: str) -> dict[str, Any]:
    numbers = [published_measure(run, measure, checkpoint) for run in group]
    values = [number for number in numbers if number is not None]
    several = len(group) > 1 and len(values) > 0
    return plain_cell(measure) | {
        "statistic": PUBLISHED,
        "value": float(np.mean(values)) if values else np.nan,
        "low": min(values) if several else np.nan,
        "high": max(values) if several else np.nan,
        "interval": "range" if several else "",
        "n": len(values),
    }
