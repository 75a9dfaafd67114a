"""Tables of kind confusions: the classes that a network takes for each other most often."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.base import Count, key
from harmodels.config.selection import Choosing, OfCheckpoint, OfSplit, Selection
from harmodels.evaluation.confusion import confusion_counts, frequent_confusions, row_fractions
from harmodels.evaluation.predictions import select
from harmodels.reporting.checks import Known
from harmodels.reporting.labels import class_text, configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.published import counterpart
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, summarise
from harmodels.reporting.tables.spec import Table, TableSpec

KEYS = ("true_class", "predicted_class")


class Confusions(OfSplit, OfCheckpoint, Choosing, TableSpec):
    """The most frequent confusions of one configuration, one row a pair of classes."""

    kind: Literal["confusions"] = "confusions"
    most: Count = key(10, "How many rows at most.", ge=1)

    def check(self, known: Known) -> None:
        """Refuse several configurations."""
        super().check(known)
        known.check_single(self.selection)

    def build(self, given: Sources) -> Table:
        """Build a row a confusion, the most frequent first; without errors one row that says so."""
        run = select_run(given.runs, self.selection, "a table of confusions")
        rows = select(run.predictions, self.checkpoint, self.split)
        replicates, counts = confusion_counts(rows)
        shares = row_fractions(counts)
        printed = _printed(counterpart(run, given.published), run, self.selection)
        samples: list[Sample] = []
        for true, predicted in frequent_confusions(counts, self.most):
            of = float(counts[:, true].sum(axis=1).max())
            pair = (class_text(run.classes[true]), class_text(run.classes[predicted]))
            confused, share = (
                _sample(run, pair, "confused", replicates, counts[:, true, predicted], of),
                _sample(run, pair, "share_of_class", replicates, shares[:, true, predicted]),
            )
            if printed is not None:
                confused = replace(confused, published=float(printed[true, predicted]))
                share = replace(share, published=float(row_fractions(printed)[true, predicted]))
            samples += [confused, share]
        if not samples:
            nothing = np.zeros(len(replicates))
            samples = [_sample(run, ("none", "none"), "confused", replicates, nothing)]
        return Table(self, KEYS, summarise(samples, KEYS))


def _printed(theirs: Run | None, run: Run, selection: Selection) -> NDArray[np.int64] | None:
    """Return the published matrix of the same classes, or None."""
    if theirs is None or theirs.classes != run.classes:
        return None
    rows = select(theirs.predictions, selection.checkpoint, selection.split)
    return confusion_counts(rows)[1][0] if len(rows) else None


def _sample(
    run: Run,
    pair: tuple[str, str],
    measure: str,
    replicates: Sequence[int],
    values: NDArray[np.number],
    scale: float = 1.0,
) -> Sample:
    frame = pd.DataFrame({"replicate": replicates, "value": values.astype(np.float64)})
    names = dict(zip(KEYS, pair, strict=True))
    return Sample.of(run, names, configuration_text(run.configuration), measure, frame, scale=scale)
