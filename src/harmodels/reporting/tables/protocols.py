"""Accuracy by the way of splitting, and what a random split adds to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from harmodels.config.specs.tables import Protocols
from harmodels.evaluation.people import (
    difference_over_people,
    difference_over_seeds_and_people,
    widest,
)
from harmodels.evaluation.statistics import Interval, difference_of_intervals
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.tables.cells import Sample, Table, mark_best, summarise
from harmodels.reporting.tables.people import people_of_measure

KEYS = ("model",)
RANDOM, SUBJECTS, EVERYONE = "Random windows", "Other people", "Each person left out"
ADDED = "Random minus each left out"


def build_protocols(spec: Protocols, runs: Runs, subjects: pd.DataFrame | None) -> Table:
    """Build a table with a row a model and a column a way of splitting.

    The last column is the difference of the first and the third. Where both tested the same people,
    its interval is paired in them; otherwise it follows from the two intervals.
    """
    samples = [
        Sample.of(
            run,
            {"model": selection.name},
            group,
            "top_1",
            prediction_measure(run, "top_1", selection.checkpoint),
            **people_of_measure(run, "top_1", selection.checkpoint, "test", subjects),
        )
        for group, selections in (
            (RANDOM, spec.random),
            (SUBJECTS, spec.subjects),
            (EVERYONE, spec.everyone),
        )
        for selection in selections
        for run in [select_run(runs, selection, "a row of protocols")]
    ]
    cells = mark_best(summarise(samples, KEYS))
    rows = [_difference(part, samples) for _, part in cells.groupby("model", sort=False)]
    whole = pd.concat([cells, pd.DataFrame(rows, columns=cells.columns)], ignore_index=True)
    return Table(spec.title, spec.kind, KEYS, whole.astype(cells.dtypes.to_dict()))


def _difference(cells: pd.DataFrame, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the cell of what random windows add, from the cells of one model."""
    first, last = (cells.index[cells["group"] == group].item() for group in (RANDOM, EVERYONE))
    sides = cells.loc[[first, last]]
    found = _interval(samples[first], samples[last], sides)
    return {
        **dict.fromkeys(cells.columns, np.nan),
        "model": cells["model"].iloc[0],
        "group": ADDED,
        "measure": "difference",
        "statistic": "mean",
        "value": found.mean,
        "low": found.low,
        "high": found.high,
        "interval": sides["interval"].iloc[1],
        **{key: int(sides[key].max()) for key in ("replicates", "diverged")},
        "n": found.n,
        "subjects": sides["subjects"].max(),
        "mark": "",
        "significant": bool(found.low > 0 or found.high < 0),
        "simulated": bool(cells["simulated"].iloc[0]),
    }


def _interval(random: Sample, everyone: Sample, cells: pd.DataFrame) -> Interval:
    left, right = random.people, everyone.people
    if left is None or right is None or left.subjects != right.subjects:
        first, last = cells[["value", "low", "high", "n"]].itertuples(index=False)
        return difference_of_intervals(Interval(*first), Interval(*last))
    intervals = [difference_over_people(left, right)]
    if left.replicates == right.replicates:
        intervals.append(difference_over_seeds_and_people(left, right))
    return widest(intervals)
