"""Tables of kind closeness: our curves and confusion matrices, how far from the published ones."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.base import Filled, Text, key
from harmodels.config.selection import OfCheckpoint, Selecting, Selection, SplitName, Titled
from harmodels.evaluation.confusion import confusion_counts, row_distance
from harmodels.evaluation.predictions import select
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import MOST_PREDICTED, column, curve, has_curve, no_values
from harmodels.reporting.runs.published import counterpart, published_measure
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, summarise
from harmodels.reporting.tables.rows import keys_of
from harmodels.reporting.tables.spec import Table, TableSpec

FIGURE = "figure"
Array = NDArray[np.float64]


class Curves(Titled, Selecting):
    """The loss curves of an experiment, set beside the published ones."""

    metric: Text = key(..., "The loss, in the unit of the published curves.")
    splits: Filled[SplitName] = key(("train",), "Which curves.")


class Matrix(Titled, OfCheckpoint, Selecting):
    """The confusion matrices of an experiment, set beside the published ones."""


class Closeness(TableSpec):
    """How far our curves and confusion matrices lie from the published ones, a row a configuration.

    Of a curve the mean distance over the epochs, of a matrix the share of the most predicted class
    and the distance of its rows (half the sum of absolute differences, mean over the classes).
    """

    note = (
        "Distances from the published: of curves the mean over epochs, of matrices half the sum of "
        "absolute differences of the rows' shares, mean over classes. Among ours: the same "
        "distance of a replicate from our others; a published network as near as that could be one "
        "of ours."
    )

    kind: Literal["closeness"] = "closeness"
    curves: Filled[Curves] = key((), "Figures of losses; the title names the figure.")
    matrices: Filled[Matrix] = key((), "Figures of confusion matrices; the title names the figure.")

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """Selection, metric and split of every curve compared."""
        return [(c.selection_in(self), c.metric, split) for c in self.curves for split in c.splits]

    @property
    def published_experiments(self) -> list[str]:
        """All experiments, each once."""
        return self.needs

    def build(self, given: Sources) -> Table:
        """Build a row a figure and configuration."""
        samples: list[Sample] = []
        for curves in self.curves:
            for run in select_runs(given.runs, curves.selection_in(self)):
                samples += _of_curves(run, counterpart(run, given.published), curves)
        for matrix in self.matrices:
            selection = matrix.selection_in(self)
            for run in select_runs(given.runs, selection):
                samples += _of_matrix(run, counterpart(run, given.published), selection)
        named = keys_of(sample.configuration for sample in samples if sample.configuration)
        keys = tuple(dict.fromkeys((FIGURE, *named)))
        return Table(self, keys, summarise(samples, keys))


def _of_curves(run: Run, theirs: Run | None, spec: Curves) -> list[Sample]:
    names = {FIGURE: spec.title, **run.configuration}
    samples = []
    for split in spec.splits:
        ours = curve(run, spec.metric, split).pivot(
            index="replicate", columns="epoch", values="value"
        )
        if theirs is not None and has_curve(theirs, spec.metric, split):
            printed = curve(theirs, spec.metric, split).set_index("epoch")["value"]
            ours, printed = ours.align(printed, axis=1, join="inner")
            values = np.abs(ours.to_numpy() - printed.to_numpy())
            found = pd.DataFrame({"replicate": ours.index, "value": np.nanmean(values, axis=1)})
        else:
            found = no_values()
        own = _among(ours.to_numpy(), ours.index.to_numpy(), _mean_distance)
        samples += [
            Sample.of(run, names, "", f"{split}_distance", found),
            Sample.of(run, names, "", f"own_{split}_distance", own),
        ]
    return samples


def _of_matrix(run: Run, theirs: Run | None, selection: Selection) -> list[Sample]:
    names = {FIGURE: selection.name, **run.configuration}
    share = column(run, MOST_PREDICTED, selection.checkpoint)
    replicates, counts = confusion_counts(select(run.predictions, selection.checkpoint))
    distances, number = no_values(), None
    if theirs is not None:
        printed = select(theirs.predictions, selection.checkpoint)
        number = published_measure(theirs, MOST_PREDICTED, selection.checkpoint)
        if len(printed) and theirs.classes == run.classes:
            values = row_distance(counts, confusion_counts(printed)[1][0])
            distances = pd.DataFrame({"replicate": replicates, "value": values})
    own = _among(counts.astype(np.float64), np.asarray(replicates), row_distance)
    return [
        Sample.of(run, names, "", MOST_PREDICTED, share, number),
        Sample.of(run, names, "", "row_distance", distances),
        Sample.of(run, names, "", "own_row_distance", own),
    ]


def _mean_distance(left: Array, right: Array) -> Array:
    distances: Array = np.nanmean(np.abs(left - right), axis=-1)
    return distances


def _among(
    values: Array, replicates: NDArray[Any], distance: Callable[[Array, Array], Array]
) -> pd.DataFrame:
    """Return the mean distance of each replicate from the others; no row of a single one."""
    if len(replicates) < 2:
        return no_values()
    found = [
        distance(np.delete(values, i, axis=0), values[i]).mean() for i in range(len(replicates))
    ]
    return pd.DataFrame({"replicate": replicates, "value": found})
