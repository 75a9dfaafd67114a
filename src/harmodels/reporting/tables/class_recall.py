"""Tables of kind class_recall: the recall of each class."""

from typing import Literal

from harmodels.config.selection import humanise
from harmodels.evaluation.classification import class_recall
from harmodels.evaluation.predictions import select
from harmodels.reporting.labels import class_text
from harmodels.reporting.runs.people import people_of_recall
from harmodels.reporting.runs.published import counterpart, published_measure
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, mark_best, summarise
from harmodels.reporting.tables.rows import Stacked, rows_of
from harmodels.reporting.tables.spec import Table


class ClassRecall(Stacked):
    """One row a configuration, one column a class; the best of each column is bold."""

    kind: Literal["class_recall"] = "class_recall"

    def heading(self, measure: str) -> str:
        """Return the name of the class."""
        return humanise(class_text(measure))

    def build(self, given: Sources) -> Table:
        """Build a column for each class, published recalls beside ours."""
        rows = rows_of(self.selections, given.runs)
        samples = []
        for row in rows:
            theirs = counterpart(row.run, given.published)
            recall = class_recall(select(row.run.predictions, row.checkpoint, row.split))
            for label, name in enumerate(row.run.classes):
                values = recall.loc[recall["label"] == label].rename(columns={"recall": "value"})
                where = (row.checkpoint, row.split)
                people = people_of_recall(row.run, label, *where, given.subjects)
                number = (
                    None if theirs is None else published_measure(theirs, f"recall_{name}", *where)
                )
                samples.append(
                    Sample.of(row.run, row.names, "", name, values.dropna(), number, **people)
                )
        keys = tuple(rows[0].names)
        return Table(self, keys, mark_best(summarise(samples, keys)))
