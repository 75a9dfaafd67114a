"""The classes that a network takes for each other most often."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.evaluation.confusion import confusion_counts, frequent_confusions, row_fractions
from harmodels.evaluation.predictions import select
from harmodels.reporting.labels import class_text, configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.selection import only_run
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.cells import Sample, Table, summarise

Runs = Mapping[str, Sequence[Run]]
KEYS = ("true_class", "predicted_class")
MOST = 10


def build_confusions(spec: Spec, runs: Runs) -> Table:
    """Build a table with a row a confusion, the most frequent first.

    Columns are the sequences confused and their share of all sequences of the true class; the
    configuration stands above them. A network without errors has one row that says so.

    Raises
    ------
    ConfigurationError
        If the specification leaves several configurations.
    """
    run = only_run(runs, spec, "a table of confusions")
    rows = select(run.predictions, spec["checkpoint"], spec.get("split", "test"))
    replicates, counts = confusion_counts(rows)
    shares = row_fractions(counts)
    samples: list[Sample] = []
    for true, predicted in frequent_confusions(counts, spec.get("most", MOST)):
        pair = (class_text(run.classes[true]), class_text(run.classes[predicted]))
        samples += [
            _sample(run, pair, "confused", replicates, counts[:, true, predicted]),
            _sample(run, pair, "share_of_class", replicates, shares[:, true, predicted]),
        ]
    if not samples:
        samples = [
            _sample(run, ("none", "none"), "confused", replicates, np.zeros(len(replicates)))
        ]
    return Table(spec["title"], spec["kind"], KEYS, summarise(samples, KEYS))


def _sample(
    run: Run,
    pair: tuple[str, str],
    measure: str,
    replicates: Sequence[int],
    values: NDArray[np.number],
) -> Sample:
    return Sample(
        configuration=dict(zip(KEYS, pair, strict=True)),
        group=configuration_text(run.configuration),
        measure=measure,
        values=pd.DataFrame({"replicate": replicates, "value": values.astype(np.float64)}),
        replicates=run.replicates,
        diverged=len(run.diverged),
        simulated=run.simulated,
    )
