"""Tables of kind subject_accuracy: the accuracy on each person recorded."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from harmodels.config.base import key
from harmodels.errors import ConfigurationError
from harmodels.evaluation.classification import subject_accuracy
from harmodels.evaluation.predictions import select
from harmodels.reporting.labels import configuration_text, measure_label, natural_order
from harmodels.reporting.product import OfPeople
from harmodels.reporting.runs.people import subjects_of
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, mark_best, summarise
from harmodels.reporting.tables.rows import EXPERIMENT, Row, Stacked, rows_of
from harmodels.reporting.tables.spec import Table


class SubjectAccuracy(OfPeople, Stacked):
    """The accuracy of each person recorded."""

    kind: Literal["subject_accuracy"] = "subject_accuracy"
    row: Literal["configurations", "subjects"] = key(
        "configurations", "What a row is; the other is a column.", alias="rows"
    )

    def heading(self, measure: str) -> str:
        """Return the name of the person, or `Accuracy`."""
        return measure_label(measure) if measure == "accuracy" else f"Subject {measure}"

    def build(self, given: Sources) -> Table:
        """Build a row a configuration and a column a subject, or the other way round.

        With a row a subject each configuration is a block of columns.
        """
        subjects = given.subjects
        if subjects is None:
            raise ConfigurationError(
                "a table of kind 'subject_accuracy' needs the subjects of the sequences; "
                "give the columns id and subject of sequences.parquet"
            )
        rows = rows_of(self.selections, given.runs)
        accuracies = [
            subject_accuracy(
                select(row.run.predictions, row.checkpoint, row.split),
                subjects_of(row.run, subjects),
            )
            for row in rows
        ]
        found = {name for accuracy in accuracies for name in accuracy["subject"]}
        names = sorted(found, key=natural_order)
        if self.row == "subjects":
            return self._by_subject(rows, accuracies, names)
        samples = [
            Sample.of(row.run, row.names, "", name, _of(found, name))
            for row, found in zip(rows, accuracies, strict=True)
            for name in names
        ]
        keys = tuple(rows[0].names)
        return Table(self, keys, mark_best(summarise(samples, keys)))

    def _by_subject(
        self, rows: Sequence[Row], accuracies: Sequence[pd.DataFrame], names: Sequence[str]
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
        return Table(self, keys, summarise(samples, keys))


def _of(accuracies: pd.DataFrame, name: str) -> pd.DataFrame:
    found = accuracies.loc[accuracies["subject"] == name, ["replicate", "accuracy"]]
    return found.rename(columns={"accuracy": "value"})


def _title(row: Row) -> str:
    names = dict(row.names)
    title = names.pop(EXPERIMENT, None)
    known = {key: value for key, value in names.items() if value is not None}
    return str(title) if title else configuration_text(known) or row.run.name
