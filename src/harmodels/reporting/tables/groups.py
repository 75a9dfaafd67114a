"""Tables that look inside the test set: the recall of each class, the accuracy of each subject."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.evaluation.classification import class_recall, subject_accuracy
from harmodels.evaluation.predictions import select
from harmodels.reporting.labels import configuration_text, natural_order
from harmodels.reporting.runs.load import Run
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.cells import Sample, Table, mark_best, summarise
from harmodels.reporting.tables.rows import EXPERIMENT, Row, rows_of

Runs = Mapping[str, Sequence[Run]]


def build_class_recall(spec: Spec, runs: Runs) -> Table:
    """Build a table with a row a configuration and a column a class."""
    rows = rows_of(spec, runs)
    samples = []
    for row in rows:
        recall = class_recall(select(row.run.predictions, row.checkpoint, row.split))
        for label, name in enumerate(row.run.classes):
            values = recall.loc[recall["label"] == label].rename(columns={"recall": "value"})
            samples.append(_sample(row, name, values.dropna()))
    keys = tuple(rows[0].names)
    return Table(spec["title"], spec["kind"], keys, mark_best(summarise(samples, keys)))


def build_subject_accuracy(spec: Spec, runs: Runs, subjects: pd.DataFrame | None) -> Table:
    """Build a table with a row a configuration and a column a subject, or the other way round.

    `rows: subjects` in the specification turns it: each configuration is then a block of columns.

    Raises
    ------
    ConfigurationError
        If `subjects` was not given.
    ResultsError
        If a predicted sequence has no subject.
    """
    if subjects is None:
        raise ConfigurationError(
            "a table of kind 'subject_accuracy' needs the subjects of the sequences; "
            "give the columns id and subject of sequences.parquet"
        )
    rows = rows_of(spec, runs)
    accuracies = [
        subject_accuracy(select(row.run.predictions, row.checkpoint, row.split), subjects)
        for row in rows
    ]
    names = sorted({name for found in accuracies for name in found["subject"]}, key=natural_order)
    if spec.get("rows") == "subjects":
        return _by_subject(spec, rows, accuracies, names)
    samples = [
        _sample(row, name, _of(found, name))
        for row, found in zip(rows, accuracies, strict=True)
        for name in names
    ]
    keys = tuple(rows[0].names)
    return Table(spec["title"], spec["kind"], keys, mark_best(summarise(samples, keys)))


def _by_subject(
    spec: Spec, rows: Sequence[Row], accuracies: Sequence[pd.DataFrame], names: Sequence[str]
) -> Table:
    counts = pd.concat(accuracies).groupby("subject")["sequences"].mean().round().astype(int)
    samples = [
        replace(
            _sample(row, "accuracy", _of(found, name), _title(row) if len(rows) > 1 else ""),
            configuration={"subject": name, "sequences": int(counts[name])},
        )
        for name in names
        for row, found in zip(rows, accuracies, strict=True)
    ]
    keys = ("subject", "sequences")
    return Table(spec["title"], spec["kind"], keys, summarise(samples, keys))


def _of(accuracies: pd.DataFrame, name: str) -> pd.DataFrame:
    found = accuracies.loc[accuracies["subject"] == name, ["replicate", "accuracy"]]
    return found.rename(columns={"accuracy": "value"})


def _title(row: Row) -> str:
    names = dict(row.names)
    title = names.pop(EXPERIMENT, None)
    known = {key: value for key, value in names.items() if value is not None}
    return str(title) if title else configuration_text(known) or row.run.name


def _sample(row: Row, measure: str, values: pd.DataFrame, group: str = "") -> Sample:
    return Sample(
        configuration=row.names,
        group=group,
        measure=measure,
        values=values[["replicate", "value"]],
        replicates=row.run.replicates,
        diverged=len(row.run.diverged),
        simulated=row.run.simulated,
    )
