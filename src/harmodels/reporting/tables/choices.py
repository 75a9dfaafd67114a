"""What validation data choose in a sweep, beside what the test set would have chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from harmodels.reporting.labels import configuration_text, words
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.model_selection import choose_run
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.specs import Spec, places_of
from harmodels.reporting.tables.cells import Sample, Table, summarise
from harmodels.reporting.tables.published import published_table, published_value
from harmodels.reporting.tables.rows import EXPERIMENT, settings_of

Runs = Mapping[str, Sequence[Run]]
KEYS = (EXPERIMENT, "chosen_on", "configuration")
BLOCKS = {"validation": "Validation data", "test": "Test set"}


def build_choices(spec: Spec, runs: Runs, published: Mapping[str, pd.DataFrame]) -> Table:
    """Build a table with two rows a sweep: chosen on validation data, and on the test set.

    One row says `both` where they agree. Validation data choose by `choose`, the test set by its
    top-1 accuracy. Columns are the measures on validation data and on the test set; the published
    numbers stand beside the latter.
    """
    measures = spec.get("measures", ["top_1"])
    checkpoint = spec["checkpoint"]
    beside = published_table(spec.get("published"), published, [], measures, checkpoint)
    samples: list[Sample] = []
    for place in places_of(spec):
        group = select_runs(runs, place)
        title = place.get("title", words(place["experiment"]))
        for names, run in _chosen(group, spec["choose"], checkpoint, title):
            samples += [
                _sample(run, names, measure, checkpoint, split, beside)
                for split in BLOCKS
                for measure in measures
            ]
    return Table(spec["title"], spec["kind"], KEYS, summarise(samples, KEYS))


def _chosen(
    group: Sequence[Run], criterion: str, checkpoint: str, title: str
) -> list[tuple[dict[str, Any], Run]]:
    """Return the names of a row and its run, for one row or two."""
    ours = choose_run(group, criterion, checkpoint)
    # first in the row, ours is also the one taken among equals: what ties has not been missed
    theirs = choose_run([ours, *group], "test_accuracy", checkpoint)
    rows = [("both", ours)] if ours is theirs else [("validation data", ours), ("test set", theirs)]
    return [
        (dict(zip(KEYS, (title, on, configuration_text(run.configuration)), strict=True)), run)
        for on, run in rows
    ]


def _sample(
    run: Run,
    names: dict[str, Any],
    measure: str,
    checkpoint: str,
    split: str,
    beside: pd.DataFrame | None,
) -> Sample:
    return Sample(
        configuration=names,
        group=BLOCKS[split],
        measure=measure,
        values=prediction_measure(run, measure, checkpoint, split),
        replicates=run.replicates,
        diverged=len(run.diverged),
        simulated=run.simulated,
        # what is published was measured on test sequences
        published=published_value(beside, settings_of(run), measure, checkpoint)
        if split == "test"
        else None,
    )
