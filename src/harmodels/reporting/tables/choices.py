"""What validation data choose in a sweep, beside what the test set would have chosen."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from harmodels.config.specs.rows import EXPERIMENT
from harmodels.config.specs.tables import Choices
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.selection import choose_run, select_runs
from harmodels.reporting.tables.cells import Sample, Table, summarise
from harmodels.reporting.tables.people import people_of_measure
from harmodels.reporting.tables.published import Published, published_table, published_value

KEYS = (EXPERIMENT, "chosen_on", "configuration")
BLOCKS = {"validation": "Validation data", "test": "Test set"}


def build_choices(
    spec: Choices, runs: Runs, published: Published, subjects: pd.DataFrame | None = None
) -> Table:
    """Build a table with two rows a sweep: chosen on validation data, and on the test set.

    One row says `both` where they agree. Validation data choose by `choose`, the test set by its
    top-1 accuracy. Columns are the measures on validation data and on the test set, the published
    numbers beside the latter.
    """
    checkpoint = spec.checkpoint
    beside = published_table(spec.published, published, [], spec.measures, checkpoint)
    samples: list[Sample] = []
    for sweep in spec.sweeps:
        group = select_runs(runs, sweep)
        for names, run in _chosen(group, spec.choose, checkpoint, sweep.name):
            samples += [
                Sample.of(
                    run,
                    names,
                    block,
                    measure,
                    prediction_measure(run, measure, checkpoint, split),
                    published_value(beside, run.settings, measure, checkpoint, split),
                    **people_of_measure(run, measure, checkpoint, split, subjects),
                )
                for split, block in BLOCKS.items()
                for measure in spec.measures
            ]
    return Table(spec.title, spec.kind, KEYS, summarise(samples, KEYS))


def _chosen(
    group: Sequence[Run], criterion: str, checkpoint: str, title: str
) -> list[tuple[dict[str, Any], Run]]:
    """Return the names of a row and its run, for one row or two."""
    ours = choose_run(group, criterion, checkpoint)
    # `ours` goes first so that it wins ties: an equal on the test set was not missed
    theirs = choose_run([ours, *group], "test_accuracy", checkpoint)
    rows = [("both", ours)] if ours is theirs else [("validation data", ours), ("test set", theirs)]
    return [
        (dict(zip(KEYS, (title, on, configuration_text(run.configuration)), strict=True)), run)
        for on, run in rows
    ]
