"""A table and its specification, whatever its kind."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pandas as pd

from harmodels.config.base import Filled, Matching, Text, key
from harmodels.config.selection import TITLE
from harmodels.reporting.labels import measure_label
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.sources import Sources

PREDICTED = r"top_[1-9][0-9]*|macro_f1|most_predicted_share(_without_[a-z][a-z0-9_]*)?"
_COURSES = "epochs|early_stop_epoch|best_accuracy_epoch|train_loss|validation_loss|loss_gap"
_OF_PREDICTIONS = (
    "top_1, top_2, …, macro_f1, most_predicted_share, most_predicted_share_without_<class> (among "
    "sequences that are not of that class) or recall_<class>"
)
_OF_COURSES = (
    "epochs, early_stop_epoch, best_accuracy_epoch (of the highest validation accuracy, the "
    "earliest of equal ones), train_loss, validation_loss (means from epoch 10 to the last, per "
    "class where the loss is a sum over classes) or loss_gap (validation minus training)"
)
MEASURE = f"A number per replicate from predictions: {_OF_PREDICTIONS}."
COLUMNS = (
    f"The columns, from predictions {_OF_PREDICTIONS}; from the course of the training "
    f"{_OF_COURSES}; by default top_1 to top_5."
)
UNPUBLISHED = (
    "Keys of our rows that the report does not vary: its numbers are in every row that agrees in "
    "all others."
)
FILE = "File of config/published with the report's own numbers, matched by configuration."
Measure = Annotated[
    str, Matching(f"{PREDICTED}|recall_[a-z][a-z0-9_]*", f"one of {_OF_PREDICTIONS}")
]
Column = Annotated[
    str,
    Matching(
        f"{PREDICTED}|recall_[a-z][a-z0-9_]*|{_COURSES}",
        "one of top_1, top_2, …, macro_f1, most_predicted_share, "
        f"most_predicted_share_without_<class>, recall_<class>, {_COURSES.replace('|', ', ')}",
    ),
]
Columns = Filled[Column]
Unpublished = Filled[Text]


class TableSpec(ProductSpec):
    """Base of the kinds of tables."""

    noun: ClassVar[str] = "table"
    # sentences of the caption: on what a number is, where it is no mean over replicates; on the
    # columns; on bold and italic, where they are changes from the left block to the right
    spread: ClassVar[str] = ""
    note: ClassVar[str] = ""
    marks: ClassVar[str] = ""

    title: Text = key(..., TITLE)

    @abstractmethod
    def build(self, given: Sources) -> "Table":
        """Build the table.

        Raises ConfigurationError if a published table does not fit or `where` fits nothing,
        ResultsError if an experiment has no runs, or a sequence no subject.
        """

    def heading(self, measure: str) -> str:
        """Return the heading of a column."""
        return measure_label(measure)

    @property
    def published_files(self) -> list[str]:
        """The files of `config/published` that it is set beside, each once."""
        named = [getattr(part, "published", None) for part in (self, *self._parts())]
        return list(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, eq=False)
class Table:
    """A table in full precision, before any rendering.

    `keys` are the hyperparameters that name a row. `cells` has one row a cell: the columns of
    `keys`, then `CELL_COLUMNS`. `group` names the block of columns, `value` is a mean or a median.
    `low` and `high` are what is printed, and `interval` says what that is: the widest 95 %
    interval of a mean, over `seeds`, `people` or `seeds and people`, each of which has columns of
    its own; or the `range` of a median. `n` counts the replicates behind a cell and `subjects` the
    people tested, 0 where the data set does not name them, missing where nobody is asked for (no
    accuracy on test sequences). `mark` is bold, italic or empty, `significant` says whether the
    paired interval of an improvement excludes zero.
    """

    spec: TableSpec
    keys: tuple[str, ...]
    cells: pd.DataFrame

    @property
    def simulated(self) -> bool:
        """Whether any cell rests on simulated recordings."""
        return bool(self.cells["simulated"].any())
