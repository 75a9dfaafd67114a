"""Tables that look inside the test set: the recall of each class, the accuracy of each subject."""

from collections.abc import Sequence

import pandas as pd

from harmodels.config.specs.rows import EXPERIMENT
from harmodels.config.specs.tables import ClassRecall, SubjectAccuracy
from harmodels.errors import ConfigurationError
from harmodels.evaluation.classification import class_recall, subject_accuracy
from harmodels.evaluation.predictions import select
from harmodels.reporting.labels import configuration_text, natural_order
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.published import counterpart, published_measure
from harmodels.reporting.tables.cells import Sample, Table, mark_best, summarise
from harmodels.reporting.tables.people import people_of_recall, subjects_of
from harmodels.reporting.tables.rows import Row, rows_of


def build_class_recall(
    spec: ClassRecall,
    runs: Runs,
    subjects: pd.DataFrame | None = None,
    published: Runs | None = None,
) -> Table:
    """Build a table with a row a configuration and a column a class.

    `published` are the published runs, whose recalls are beside ours.
    """
    rows = rows_of(spec.rows, runs)
    samples = []
    for row in rows:
        theirs = counterpart(row.run, published or {})
        recall = class_recall(select(row.run.predictions, row.checkpoint, row.split))
        for label, name in enumerate(row.run.classes):
            values = recall.loc[recall["label"] == label].rename(columns={"recall": "value"})
            people = people_of_recall(row.run, label, row.checkpoint, row.split, subjects)
            measure = f"recall_{name}"
            number = (
                None
                if theirs is None
                else published_measure(theirs, measure, row.checkpoint, row.split)
            )
            samples.append(
                Sample.of(row.run, row.names, "", name, values.dropna(), number, **people)
            )
    keys = tuple(rows[0].names)
    return Table(spec.title, spec.kind, keys, mark_best(summarise(samples, keys)))


def build_subject_accuracy(
    spec: SubjectAccuracy, runs: Runs, subjects: pd.DataFrame | None
) -> Table:
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
    rows = rows_of(spec.rows, runs)
    accuracies = [
        subject_accuracy(
            select(row.run.predictions, row.checkpoint, row.split), subjects_of(row.run, subjects)
        )
        for row in rows
    ]
    names = sorted({name for found in accuracies for name in found["subject"]}, key=natural_order)
    if spec.row == "subjects":
        return _by_subject(spec, rows, accuracies, names)
    samples = [
        Sample.of(row.run, row.names, "", name, _of(found, name))
        for row, found in zip(rows, accuracies, strict=True)
        for name in names
    ]
    keys = tuple(rows[0].names)
    return Table(spec.title, spec.kind, keys, mark_best(summarise(samples, keys)))


def _by_subject(
    spec: SubjectAccuracy,
    rows: Sequence[Row],
    accuracies: Sequence[pd.DataFrame],
    names: Sequence[str],
) -> Table:
    counts = pd.concat(accuracies).groupby("subject")["sequences"].mean().round().astype(int)
    samples = [
        Sample.of(
            row.run,
            {"subject": name, "sequences": int(counts[name])},
            _title(row) if len(rows) > 1 else "",
            "accuracy",
            _of(found, name),
        )
        for name in names
        for row, found in zip(rows, accuracies, strict=True)
    ]
    keys = ("subject", "sequences")
    return Table(spec.title, spec.kind, keys, summarise(samples, keys))


def _of(accuracies: pd.DataFrame, name: str) -> pd.DataFrame:
    found = accuracies.loc[accuracies["subject"] == name, ["replicate", "accuracy"]]
    return found.rename(columns={"accuracy": "value"})


def _title(row: Row) -> str:
    names = dict(row.names)
    title = names.pop(EXPERIMENT, None)
    known = {key: value for key, value in names.items() if value is not None}
    return str(title) if title else configuration_text(known) or row.run.name
