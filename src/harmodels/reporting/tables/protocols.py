"""Tables of kind protocols: accuracy by the way of splitting, and what a random split adds."""

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from harmodels.config.base import Filled, key
from harmodels.config.selection import Choosing, OfCheckpoint, Titled
from harmodels.errors import ConfigurationError
from harmodels.evaluation.people import (
    difference_over_people,
    difference_over_seeds_and_people,
    widest,
)
from harmodels.evaluation.statistics import Interval, difference_of_intervals
from harmodels.reporting.checks import Known
from harmodels.reporting.product import OfPeople
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, mark_best, plain_cell, summarise
from harmodels.reporting.tables.spec import Table, TableSpec

KEYS = ("model",)
RANDOM, SUBJECTS, EVERYONE = "Random windows", "Other people", "Each person left out"
ADDED = "Random minus each left out"


class Model(Titled, OfCheckpoint, Choosing):
    """One configuration of a model."""


class ByProtocol(OfPeople):
    """Keys of the same models under each way of splitting."""

    random: Filled[Model] = key(
        ..., "One configuration a model, split by windows, whoever was recorded."
    )
    subjects: Filled[Model] = key(..., "The same titles, tested on other people.")
    everyone: Filled[Model] = key(..., "The same titles, tested on each person in turn.")

    @property
    def ways(self) -> dict[str, tuple[Model, ...]]:
        """The models by the heading of their way of splitting."""
        return {RANDOM: self.random, SUBJECTS: self.subjects, EVERYONE: self.everyone}

    def check(self, known: Known) -> None:
        """Refuse ways of splitting that do not have the same models, one configuration each."""
        super().check(known)
        named = [[model.title for model in models] for models in self.ways.values()]
        if named[1] != named[0] or named[2] != named[0]:
            raise ConfigurationError(
                "random, subjects and everyone must have the same titles in the same order; "
                f"they have {'; '.join(', '.join(titles) for titles in named)}"
            )
        for selection in self.selections:
            known.check_single(selection)


class Protocols(ByProtocol, TableSpec):
    """Top-1 accuracy by the way of splitting, one row a model, and what random windows add."""

    kind: Literal["protocols"] = "protocols"

    def build(self, given: Sources) -> Table:
        """Build a row a model and a column a way of splitting.

        The last column is the difference of the first and the third. Where both tested the same
        people, its interval is paired in them; otherwise it follows from the two intervals.
        """
        samples = [
            Sample.of(
                run,
                {"model": model.title},
                group,
                "top_1",
                prediction_measure(run, "top_1", model.checkpoint),
                **people_of_measure(run, "top_1", model.checkpoint, "test", given.subjects),
            )
            for group, models in self.ways.items()
            for model in models
            for run in [select_run(given.runs, model.selection_in(self), "a row of protocols")]
        ]
        cells = mark_best(summarise(samples, KEYS))
        rows = [_difference(part, samples) for _, part in cells.groupby("model", sort=False)]
        whole = pd.concat([cells, pd.DataFrame(rows, columns=cells.columns)], ignore_index=True)
        return Table(self, KEYS, whole.astype(cells.dtypes.to_dict()))


def _difference(cells: pd.DataFrame, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the cell of what random windows add, from the cells of one model."""
    first, last = (cells.index[cells["group"] == group].item() for group in (RANDOM, EVERYONE))
    sides = cells.loc[[first, last]]
    found = _interval(samples[first], samples[last], sides)
    return plain_cell("difference") | {
        "model": cells["model"].iloc[0],
        "group": ADDED,
        "statistic": "mean",
        "value": found.mean,
        "low": found.low,
        "high": found.high,
        "interval": sides["interval"].iloc[1],
        **{key: int(sides[key].max()) for key in ("replicates", "diverged")},
        "n": found.n,
        "subjects": sides["subjects"].max(),
        "significant": found.excludes_zero,
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
