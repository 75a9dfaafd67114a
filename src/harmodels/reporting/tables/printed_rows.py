"""How near each reading of a report comes to the rows that it prints."""

from collections.abc import Sequence

import pandas as pd

from harmodels.config.selection import Selection
from harmodels.config.specs.rows import EXPERIMENT
from harmodels.config.specs.tables import PrintedRows
from harmodels.errors import ConfigurationError
from harmodels.evaluation.statistics import share_interval
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.tables.cells import Sample, Table, summarise
from harmodels.reporting.tables.published import Published, published_table, published_value

KEYS = (EXPERIMENT, "printed_rows")


def build_printed_rows(spec: PrintedRows, runs: Runs, published: Published) -> Table:
    """Build a table with a row a title: how near its configurations come to the printed numbers.

    Columns are the mean of our numbers beside the mean of the printed ones, the share of the
    printed rows that lie inside our interval over seeds, and the distance |ours - printed|, mean
    over the rows. Configurations that the report does not print are left out, and the intervals
    are over seeds alone: the report tested the same people.

    Raises
    ------
    ConfigurationError
        If the report prints none of a row's configurations.
    """
    titles = dict.fromkeys(selection.name for selection in spec.readings)
    samples: list[Sample] = []
    for title in titles:
        chosen = [selection for selection in spec.readings if selection.name == title]
        found = _printed(spec, chosen, runs, published)
        if not found:
            raise ConfigurationError(
                f"the report prints no configuration of the row {title!r}; "
                f"{spec.published} has no number of them"
            )
        samples += _row(title, spec.measure, found)
    return Table(spec.title, spec.kind, KEYS, summarise(samples, KEYS))


def _printed(
    spec: PrintedRows, selections: Sequence[Selection], runs: Runs, published: Published
) -> list[tuple[Run, pd.DataFrame, float]]:
    """Return the configurations that the report prints: run, our values, printed number."""
    found = []
    for selection in selections:
        checkpoint = selection.checkpoint
        beside = published_table(spec.published, published, [], [spec.measure], checkpoint)
        for run in select_runs(runs, selection):
            number = published_value(beside, run.settings, spec.measure, checkpoint)
            if number is not None:
                found.append((run, prediction_measure(run, spec.measure, checkpoint), number))
    return found


def _row(
    title: str, measure: str, found: Sequence[tuple[Run, pd.DataFrame, float]]
) -> list[Sample]:
    names = {EXPERIMENT: title, "printed_rows": len(found)}
    numbers = [number for _, _, number in found]
    intervals = [share_interval(values["value"]) for _, values, _ in found]
    inside = [
        float(interval.low <= number <= interval.high)
        for interval, number in zip(intervals, numbers, strict=True)
    ]
    distances = [values.assign(value=(values["value"] - p).abs()) for _, values, p in found]
    share = pd.DataFrame({"replicate": [0], "value": [sum(inside) / len(inside)]})
    run, ours = found[0][0], _mean([values for _, values, _ in found])
    return [
        Sample.of(run, names, "", measure, ours, sum(numbers) / len(numbers)),
        Sample.of(run, names, "", "printed_inside", share),
        Sample.of(run, names, "", "printed_distance", _mean(distances)),
    ]


def _mean(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return each replicate's mean over the configurations."""
    return pd.concat(parts).groupby("replicate")["value"].mean().reset_index()
