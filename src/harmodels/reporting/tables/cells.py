"""Cells of a table in long form: from samples over replicates to marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from harmodels.evaluation.statistics import LEVEL, mean_interval, paired_difference
from harmodels.reporting.runs.load import Run

DIGITS = 3
MEDIANS = ("early_stop_epoch", "epochs")  # whole numbers: median and range, not mean and interval
UNRANKED = ("most_predicted_share",)  # neither its highest nor its lowest value is the best
CELL_COLUMNS = (
    "group",
    "measure",
    "statistic",
    "value",
    "low",
    "high",
    "n",
    "replicates",
    "diverged",
    "published",
    "mark",
    "significant",
    "simulated",
)


@dataclass(frozen=True, eq=False)
class Table:
    """A table in full precision, before any rendering.

    Attributes
    ----------
    title
        What the table shows.
    kind
        As in the specification: `top_k`, `side_by_side`, `choices` and so on.
    keys
        The hyperparameters that name a row.
    cells
        One row a cell: the columns of `keys`, then `CELL_COLUMNS`. `group` names the block of
        columns, `value` is a mean (`low`, `high` its 95 % interval) or a median (`low`, `high`
        the range), `n` the replicates behind it, `mark` is bold, italic or empty, `significant`
        says whether the paired interval of an improvement excludes zero.
    """

    title: str
    kind: str
    keys: tuple[str, ...]
    cells: pd.DataFrame

    @property
    def simulated(self) -> bool:
        """Whether any cell rests on simulated recordings."""
        return bool(self.cells["simulated"].any())


@dataclass(frozen=True, eq=False)
class Sample:
    """The values of one cell, one a replicate, and what the cell needs besides.

    `values` has the columns replicate and value; `published` is None where there is none.
    """

    configuration: Mapping[str, Any]
    group: str
    measure: str
    values: pd.DataFrame
    replicates: int
    diverged: int
    simulated: bool
    published: float | None = None

    @classmethod
    def of(
        cls,
        run: Run,
        configuration: Mapping[str, Any],
        group: str,
        measure: str,
        values: pd.DataFrame,
        published: float | None = None,
    ) -> Self:
        """Return the sample of a run; `configuration` names its row, `group` its columns."""
        return cls(
            configuration=configuration,
            group=group,
            measure=measure,
            values=values[["replicate", "value"]],
            replicates=run.replicates,
            diverged=len(run.diverged),
            simulated=run.simulated,
            published=published,
        )


def summarise(samples: Sequence[Sample], keys: Sequence[str]) -> pd.DataFrame:
    """Return the cells of the samples, without marks."""
    rows = [
        {key: sample.configuration.get(key) for key in keys} | _cell(sample) for sample in samples
    ]
    return pd.DataFrame(rows, columns=[*keys, *CELL_COLUMNS])


def mark_best(cells: pd.DataFrame) -> pd.DataFrame:
    """Mark bold the highest value of each column as it is printed; ties are all marked.

    The mean of the replicates that did not diverge says nothing of those that did: such a cell is
    not ranked.
    """
    ranked = (cells["statistic"] == "mean") & ~cells["measure"].isin(UNRANKED) & ~partial(cells)
    shown = cells["value"].where(ranked).round(DIGITS)
    columns = cells.assign(value=shown).groupby(["group", "measure"], sort=False)["value"]
    best = columns.transform("max")
    several = columns.transform("count") > 1
    return cells.assign(mark=np.where(ranked & several & (shown == best), "bold", ""))


def partial(cells: pd.DataFrame) -> "pd.Series[bool]":
    """Return which cells rest on a part of the replicates because the others diverged."""
    lost = cells["diverged"] > 0
    return lost & (cells["n"] > 0) & (cells["n"] < cells["replicates"])


def mark_changes(
    cells: pd.DataFrame, samples: Sequence[Sample], before: str, after: str
) -> pd.DataFrame:
    """Mark the group `after` bold where it is better than `before`, italic where worse.

    Better and worse are meant as printed; `significant` where the interval of the difference,
    paired over the replicates that both have, excludes zero. `samples` are those of the cells, in
    order. Cells that diverged replicates are missing from are not compared.
    """
    cells = cells.copy()
    incomplete = partial(cells)
    first = {_address(s): i for i, s in enumerate(samples) if s.group == before}
    for i, sample in enumerate(samples):
        j = first.get(_address(sample))
        if sample.group != after or j is None or cells["statistic"].iloc[i] != "mean":
            continue
        if sample.measure in UNRANKED or incomplete.iloc[i] or incomplete.iloc[j]:
            continue
        change = round(cells["value"].iloc[i], DIGITS) - round(cells["value"].iloc[j], DIGITS)
        interval = paired_difference(sample.values, samples[j].values)
        cells.loc[cells.index[i], "mark"] = "bold" if change > 0 else "italic" if change < 0 else ""
        cells.loc[cells.index[i], "significant"] = bool(interval.low > 0 or interval.high < 0)
    return cells


def _address(sample: Sample) -> tuple[Any, ...]:
    return (tuple(sorted(sample.configuration.items())), sample.measure)


def _cell(sample: Sample) -> dict[str, Any]:
    values = sample.values["value"]
    if sample.measure in MEDIANS:
        statistic = "median"
        found = (
            (float(values.median()), float(values.min()), float(values.max()))
            if len(values)
            else (np.nan, np.nan, np.nan)
        )
    else:
        statistic = "mean"
        interval = mean_interval(values, LEVEL)
        found = (interval.mean, interval.low, interval.high)
    return dict(
        zip(CELL_COLUMNS[:2], (sample.group, sample.measure), strict=True),
        statistic=statistic,
        value=found[0],
        low=found[1],
        high=found[2],
        n=len(values),
        replicates=sample.replicates,
        diverged=sample.diverged,
        published=np.nan if sample.published is None else sample.published,
        mark="",
        significant=False,
        simulated=sample.simulated,
    )
