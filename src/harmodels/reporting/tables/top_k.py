"""Tables of kind top_k: measures of configurations, a row each."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from harmodels.config.base import Filled, Key, Record, key
from harmodels.config.published import File
from harmodels.config.selection import CHECKPOINT, Checkpoint, Titled, Where, agrees
from harmodels.reporting.checks import Known
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.published import published_measure
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import (
    CELL_COLUMNS,
    PUBLISHED,
    mark_best,
    plain_cell,
    summarise,
)
from harmodels.reporting.tables.measured import (
    MOST_MEASURES,
    beside,
    default_measures,
    samples_of,
)
from harmodels.reporting.tables.published import check_beside
from harmodels.reporting.tables.rows import EXPERIMENT, Stacked, row_keys, rows_of
from harmodels.reporting.tables.spec import (
    COLUMNS,
    FILE,
    UNPUBLISHED,
    Columns,
    Table,
    Unpublished,
)


class PublishedRow(Titled, Record):
    """Rows of what the report published of an experiment."""

    experiment: Key = key(..., "An experiment under `published_runs`.")
    where: Where = key({}, "Values that the published configurations agree with.")
    checkpoint: Checkpoint | None = key(None, CHECKPOINT)
    rows: Literal["each", "mean"] = key(
        "each", "A row each configuration, or one with their mean, smallest and largest."
    )


class TopK(Stacked):
    """One row a configuration; the best of each column is bold."""

    kind: Literal["top_k"] = "top_k"
    published: File | None = key(None, FILE)
    unpublished: Unpublished = key((), UNPUBLISHED)
    published_rows: Filled[PublishedRow] = key(
        (),
        "Rows below ours, of experiments under `published_runs`; `rows: mean` gives one row with "
        "mean, smallest and largest over the published configurations, otherwise each has one.",
    )
    measures: Columns = key((), COLUMNS)

    @property
    def published_experiments(self) -> list[str]:
        """The experiments of the published rows, each once."""
        return list(dict.fromkeys(row.experiment for row in self.published_rows))

    def check(self, known: Known) -> None:
        """Refuse what the experiments or the published table do not have."""
        super().check(known)
        keys = row_keys(known, self.selections, bool(self.published_rows))
        measures, checkpoint = self.measures or MOST_MEASURES, self.selections[0].checkpoint
        check_beside(known, self.published, keys, measures, checkpoint, self.unpublished)

    def build(self, given: Sources) -> Table:
        """Build a row for each run, those of published runs below."""
        rows = rows_of(self.selections, given.runs, titled=bool(self.published_rows))
        measures = self.measures or default_measures(rows)
        table = beside(self.published, self.unpublished, rows, measures, given)
        keys = tuple(rows[0].names)
        samples = samples_of(rows, "", measures, given, table)
        cells = [mark_best(summarise(samples, keys))]
        cells += [
            self._published(row, given.published, keys, measures) for row in self.published_rows
        ]
        return Table(self, keys, pd.concat(cells, ignore_index=True))

    def _published(
        self, row: PublishedRow, published: Runs, keys: Sequence[str], measures: Sequence[str]
    ) -> pd.DataFrame:
        """Return the cells of published configurations; what the report leaves out is empty."""
        found = [
            run for run in published.get(row.experiment, ()) if agrees(run.configuration, row.where)
        ]
        rows = (
            [(found, row.where)] if row.rows == "mean" else [([r], r.configuration) for r in found]
        )
        cells = [
            {key: {EXPERIMENT: row.title, **names}.get(key) for key in keys}
            | _cell(group, measure, row.checkpoint or self.checkpoint)
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
