"""Cells of a table in long form: from samples over replicates to marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from harmodels.evaluation.people import (
    AccuracyIntervals,
    SubjectCounts,
    accuracy_intervals,
    difference_over_seeds_and_people,
)
from harmodels.evaluation.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    share_interval,
)
from harmodels.evaluation.ties import extreme
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import MOST_PREDICTED

DIGITS = 3
PUBLISHED = "published"  # the statistic of a row that shows the report's own numbers
# whole numbers: median and range, not mean and interval
MEDIANS = ("early_stop_epoch", "epochs", "best_accuracy_epoch")
_CURVES = ("train_distance", "validation_distance", "own_train_distance", "own_validation_distance")
UNBOUNDED = ("train_loss", "validation_loss", "loss_gap", *_CURVES)  # no shares
CELL_COLUMNS = (
    "group",
    "measure",
    "statistic",
    "value",
    "low",
    "high",
    "interval",
    "seeds_low",
    "seeds_high",
    "people_low",
    "people_high",
    "seeds_and_people_low",
    "seeds_and_people_high",
    "n",
    "subjects",
    "replicates",
    "diverged",
    "published",
    "mark",
    "significant",
    "simulated",
)


@dataclass(frozen=True, eq=False)
class Sample:
    """The values of one cell, one a replicate, and what the cell needs besides.

    `values` has the columns replicate and value; `published` is None where there is none. `people`
    are the counts of right answers by test subject, None without an interval over people, which
    `nameless` explains: nobody is named. `scale` is what a share is multiplied by to be shown.
    """

    configuration: Mapping[str, Any]
    group: str
    measure: str
    values: pd.DataFrame
    replicates: int
    diverged: int
    simulated: bool
    published: float | None = None
    people: SubjectCounts | None = None
    nameless: bool = False
    scale: float = 1.0

    @classmethod
    def of(
        cls,
        run: Run,
        configuration: Mapping[str, Any],
        group: str,
        measure: str,
        values: pd.DataFrame,
        published: float | None = None,
        **about: Any,
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
            **about,
        )


def summarise(samples: Sequence[Sample], keys: Sequence[str]) -> pd.DataFrame:
    """Return the cells of the samples, without marks."""
    rows = [
        {key: sample.configuration.get(key) for key in keys} | _cell(sample) for sample in samples
    ]
    return pd.DataFrame(rows, columns=[*keys, *CELL_COLUMNS])


def is_whole(statistic: str, measure: str) -> bool:
    """Return whether a cell holds a whole number, such as an epoch, or half of one."""
    return statistic in ("median", "count") or measure in MEDIANS


def printed(value: float, whole: bool = False) -> str:
    """Return a number of a table as it is printed, and ranked; nothing is printed as -0."""
    return f"{value:.4g}" if whole else f"{value:z.{DIGITS}f}"


def mark_best(cells: pd.DataFrame) -> pd.DataFrame:
    """Mark bold the highest value of each column as it is printed; ties are all marked.

    The mean of the replicates that did not diverge says nothing of those that did: such a cell is
    not ranked.
    """
    ranked = (cells["statistic"] == "mean") & ~cells["measure"].map(_unranked) & ~partial(cells)
    shown = cells["value"].map(printed).astype(float).where(ranked)
    columns = cells.assign(value=shown).groupby(["group", "measure"], sort=False)["value"]
    best = columns.transform("max")
    several = columns.transform("count") > 1
    return cells.assign(mark=np.where(ranked & several & (shown == best), "bold", ""))


def _unranked(measure: str) -> bool:
    """Return whether the highest value is not the best: of losses and most predicted shares."""
    return measure in UNBOUNDED or measure.startswith(MOST_PREDICTED)


def partial(cells: pd.DataFrame) -> "pd.Series[bool]":
    """Return which cells rest on a part of the replicates because the others diverged."""
    lost = cells["diverged"] > 0
    return lost & (cells["n"] > 0) & (cells["n"] < cells["replicates"])


def mark_changes(
    cells: pd.DataFrame, samples: Sequence[Sample], before: str, after: str
) -> pd.DataFrame:
    """Mark the group `after` bold where it is better than `before`, italic where worse.

    Better and worse are meant as printed; `significant` where the interval of the difference,
    paired over the replicates that both have, excludes zero, and the one paired over replicates
    and people too, where people are named. `samples` are those of the cells, in order. Cells that
    diverged replicates are missing from are not compared.
    """
    cells = cells.copy()
    incomplete = partial(cells)
    first = {_address(s): i for i, s in enumerate(samples) if s.group == before}
    for i, sample in enumerate(samples):
        j = first.get(_address(sample))
        if sample.group != after or j is None or cells["statistic"].iloc[i] != "mean":
            continue
        if _unranked(sample.measure) or incomplete.iloc[i] or incomplete.iloc[j]:
            continue
        change = float(printed(cells["value"].iloc[i])) - float(printed(cells["value"].iloc[j]))
        intervals = _differences(sample, samples[j])
        cells.loc[cells.index[i], "mark"] = "bold" if change > 0 else "italic" if change < 0 else ""
        cells.loc[cells.index[i], "significant"] = all(each.excludes_zero for each in intervals)
    return cells


def _differences(after: Sample, before: Sample) -> list[Interval]:
    """Return the interval of the difference over replicates, and over replicates and people."""
    intervals = [paired_difference(after.values, before.values)]
    sides = (after.people, before.people)
    if sides[0] is not None and sides[1] is not None:
        intervals.append(difference_over_seeds_and_people(sides[0], sides[1]))
    return intervals


def _address(sample: Sample) -> tuple[Any, ...]:
    return (tuple(sorted(sample.configuration.items())), sample.measure)


def plain_cell(measure: str) -> dict[str, Any]:
    """Return a cell of one recorded replicate, without a value yet, an interval or a mark."""
    return dict.fromkeys(CELL_COLUMNS, np.nan) | {
        "group": "",
        "measure": measure,
        "interval": "",
        "n": 1,
        "replicates": 1,
        "diverged": 0,
        "mark": "",
        "significant": False,
        "simulated": False,
    }


def _cell(sample: Sample) -> dict[str, Any]:
    values = sample.values["value"]
    cell = plain_cell(sample.measure) | {
        "group": sample.group,
        "n": len(values),
        "subjects": 0 if sample.nameless else np.nan,
        "replicates": sample.replicates,
        "diverged": sample.diverged,
        "published": np.nan if sample.published is None else sample.published,
        "simulated": sample.simulated,
    }
    if sample.measure in MEDIANS:
        found = {"value": values.median(), "low": values.min(), "high": values.max()}
        return cell | {"statistic": "median", "interval": "range"} | found
    return cell | {"statistic": "mean"} | _mean(sample)


def _mean(sample: Sample) -> dict[str, Any]:
    """Return the mean with its intervals, the widest of them as the printed one."""
    shares = sample.values["value"] / sample.scale
    seeds = (mean_interval if sample.measure in UNBOUNDED else share_interval)(shares)
    intervals = {"seeds": seeds}
    if sample.people is not None:
        found: AccuracyIntervals = accuracy_intervals(sample.people)
        intervals |= {"people": found.people, "seeds and people": found.seeds_and_people}
    known = [name for name in intervals if not np.isnan(intervals[name].half_width)]
    widths = [intervals[name].half_width for name in known]
    widest = known[extreme(widths, "greater")] if known else ""
    printed = intervals[widest or "seeds"]
    return {
        "value": seeds.mean * sample.scale,
        "low": printed.low * sample.scale,
        "high": printed.high * sample.scale,
        "interval": widest,
        **{
            f"{name.replace(' ', '_')}_{bound}": getattr(interval, bound) * sample.scale
            for name, interval in intervals.items()
            for bound in ("low", "high")
        },
        **({} if sample.people is None else {"subjects": len(sample.people.subjects)}),
    }
