"""How far our curves and confusion matrices lie from the published ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.selection import Selection
from harmodels.config.specs.rows import keys_of
from harmodels.config.specs.tables import Closeness, CurvesCompared
from harmodels.evaluation.confusion import confusion_counts, row_distance
from harmodels.evaluation.predictions import select
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import MOST_PREDICTED, column, curve, has_curve
from harmodels.reporting.runs.published import counterpart
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.tables.cells import Sample, Table, summarise

FIGURE = "figure"
Array = NDArray[np.float64]


def build_closeness(spec: Closeness, runs: Runs, published: Runs) -> Table:
    """Build a table with a row a figure and configuration.

    Each distance is beside the mean distance of a replicate from our others: a published
    network that is as near as that could be one of ours.
    """
    samples: list[Sample] = []
    for curves in spec.curves:
        for run in select_runs(runs, curves.selection):
            samples += _of_curves(run, counterpart(run, published), curves)
    for selection in spec.matrices:
        for run in select_runs(runs, selection):
            samples += _of_matrix(run, counterpart(run, published), selection)
    keys = (FIGURE, *keys_of(sample.configuration for sample in samples if sample.configuration))
    keys = tuple(dict.fromkeys(keys))
    return Table(spec.title, spec.kind, keys, summarise(samples, keys))


def _of_curves(run: Run, theirs: Run | None, spec: CurvesCompared) -> list[Sample]:
    names = {FIGURE: spec.selection.name, **run.configuration}
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
            found = _nothing()
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
    distances, number = _nothing(), None
    if theirs is not None:
        printed = select(theirs.predictions, selection.checkpoint)
        found = column(theirs, MOST_PREDICTED, selection.checkpoint)["value"]
        number = float(found.iloc[0]) if len(found) else None
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
        return _nothing()
    found = [
        distance(np.delete(values, i, axis=0), values[i]).mean() for i in range(len(replicates))
    ]
    return pd.DataFrame({"replicate": replicates, "value": found})


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"replicate": pd.Series(dtype=int), "value": pd.Series(dtype=float)})
