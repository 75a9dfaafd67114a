"""Tables of kind last_against_best: the weights after the last epoch beside the best."""

from typing import Literal

from harmodels.config.base import key
from harmodels.config.published import File
from harmodels.config.selection import Choosing
from harmodels.reporting.checks import Known
from harmodels.reporting.product import OfPeople
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import mark_changes, summarise
from harmodels.reporting.tables.measured import (
    MOST_MEASURES,
    beside,
    default_measures,
    samples_of,
)
from harmodels.reporting.tables.published import check_beside
from harmodels.reporting.tables.rows import row_keys, rows_of
from harmodels.reporting.tables.spec import (
    COLUMNS,
    FILE,
    UNPUBLISHED,
    Columns,
    Table,
    TableSpec,
    Unpublished,
)

LAST_TITLE = "Last weights"
BEST_TITLE = "Best weights (early stopping)"


class LastAgainstBest(Choosing, OfPeople, TableSpec):
    """Last weights beside best weights with the early-stop epoch; better is bold, worse italic."""

    marks = "Bold: better with early stopping; italic: worse."
    kind: Literal["last_against_best"] = "last_against_best"
    published: File | None = key(None, FILE)
    unpublished: Unpublished = key((), UNPUBLISHED)
    measures: Columns = key((), COLUMNS)

    def check(self, known: Known) -> None:
        """Refuse what the experiment or the published table does not have."""
        super().check(known)
        known.check_validation(self.selection, "best weights")
        keys, measures = row_keys(known, [self.selection]), self.measures or MOST_MEASURES
        check_beside(known, self.published, keys, measures, "last", self.unpublished)

    def build(self, given: Sources) -> Table:
        """Build a block of columns for each of the two, and mark the changes."""
        rows = rows_of([self.selection], given.runs)
        last, best = (
            [row._replace(checkpoint=checkpoint) for row in rows] for checkpoint in ("last", "best")
        )
        measures = self.measures or default_measures(rows)
        table = beside(self.published, self.unpublished, last, measures, given)
        samples = [
            *samples_of(last, LAST_TITLE, measures, given, table),
            *samples_of(best, BEST_TITLE, measures, given, table),
            *samples_of(best, BEST_TITLE, ["early_stop_epoch"], given, table),
        ]
        keys = tuple(rows[0].names)
        cells = mark_changes(summarise(samples, keys), samples, LAST_TITLE, BEST_TITLE)
        return Table(self, keys, cells)
