"""Tables of kind printed_rows: how near each reading of a report comes to the rows it prints."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from harmodels.config.base import Filled, key
from harmodels.config.published import File
from harmodels.config.selection import ListedWeights, OfCheckpoint, Selection
from harmodels.errors import ConfigurationError
from harmodels.evaluation.statistics import share_interval
from harmodels.evaluation.ties import within
from harmodels.reporting.checks import Known
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, summarise
from harmodels.reporting.tables.published import check_beside, published_table, published_value
from harmodels.reporting.tables.rows import EXPERIMENT
from harmodels.reporting.tables.spec import FILE, MEASURE, Measure, Table, TableSpec

KEYS = (EXPERIMENT, "printed_rows")


class PrintedRows(OfCheckpoint, TableSpec):
    """How near each reading comes to the rows that the report prints, one row a title."""

    kind: Literal["printed_rows"] = "printed_rows"
    experiments: Filled[ListedWeights] = key(
        ...,
        "Configurations, of which those that the report prints count; those of one title are "
        "one row.",
    )
    published: File = key(..., FILE)
    measure: Measure = key("top_1", MEASURE)

    def check(self, known: Known) -> None:
        """Refuse what the experiments or the published table do not have."""
        super().check(known)
        check_beside(known, self.published, [], [self.measure], self.checkpoint)

    def build(self, given: Sources) -> Table:
        """Build a row a title: how near its configurations come to the printed numbers.

        Columns are the mean of our numbers beside the mean of the printed ones, the share of the
        printed rows that lie inside our interval over seeds, and the distance |ours - printed|,
        mean over the rows. Configurations that the report does not print are left out, and the
        intervals are over seeds alone: the report tested the same people.
        """
        samples: list[Sample] = []
        for title in dict.fromkeys(selection.name for selection in self.selections):
            found = self._printed([s for s in self.selections if s.name == title], given)
            if not found:
                raise ConfigurationError(
                    f"the report prints no configuration of the row {title!r}; "
                    f"{self.published} has no number of them"
                )
            samples += _row(title, self.measure, found)
        return Table(self, KEYS, summarise(samples, KEYS))

    def _printed(
        self, selections: Sequence[Selection], given: Sources
    ) -> list[tuple[Run, pd.DataFrame, float]]:
        """Return the configurations that the report prints: run, our values, printed number."""
        found = []
        for selection in selections:
            checkpoint = selection.checkpoint
            table = published_table(self.published, given.tables, [], [self.measure], checkpoint)
            for run in select_runs(given.runs, selection):
                number = published_value(table, run.settings, self.measure, checkpoint)
                if number is not None:
                    found.append((run, prediction_measure(run, self.measure, checkpoint), number))
        return found


def _row(
    title: str, measure: str, found: Sequence[tuple[Run, pd.DataFrame, float]]
) -> list[Sample]:
    names = {EXPERIMENT: title, "printed_rows": len(found)}
    numbers = [number for _, _, number in found]
    intervals = [share_interval(values["value"]) for _, values, _ in found]
    inside = [
        float(within(number, interval.low, interval.high))
        for interval, number in zip(intervals, numbers, strict=True)
    ]
    distances = [values.assign(value=(values["value"] - p).abs()) for _, values, p in found]
    share = pd.DataFrame({"replicate": [0], "value": [sum(inside) / len(inside)]})
    if all(interval.n < 2 for interval in intervals):
        share = share.iloc[:0]  # one replicate has no interval to lie inside
    run, ours = found[0][0], _mean([values for _, values, _ in found])
    return [
        Sample.of(run, names, "", measure, ours, sum(numbers) / len(numbers)),
        Sample.of(run, names, "", "printed_inside", share),
        Sample.of(run, names, "", "printed_distance", _mean(distances)),
    ]


def _mean(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return each replicate's mean over the configurations."""
    return pd.concat(parts).groupby("replicate")["value"].mean().reset_index()
