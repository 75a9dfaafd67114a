"""Tables of kind choices: what validation data choose, and what the test set would have."""

from collections.abc import Sequence
from typing import Any, Literal

from harmodels.config.base import Filled, key
from harmodels.config.published import File
from harmodels.config.selection import Criterion, Listed, OfCheckpoint
from harmodels.reporting.checks import Known
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.product import OfPeople
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.runs.selection import choose_run, select_runs
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, summarise
from harmodels.reporting.tables.published import check_beside, published_table, published_value
from harmodels.reporting.tables.rows import EXPERIMENT
from harmodels.reporting.tables.spec import FILE, MEASURE, Measure, Table, TableSpec

KEYS = (EXPERIMENT, "chosen_on", "configuration")
BLOCKS = {"validation": "Validation data", "test": "Test set"}


class Choices(OfCheckpoint, OfPeople, TableSpec):
    """Of each experiment the configuration that validation data choose and the test set's own.

    The latter is the one that the top-1 accuracy on the test set would choose; both are shown with
    their measures on both.
    """

    kind: Literal["choices"] = "choices"
    experiments: Filled[Listed] = key(..., "One or two rows each.")
    choose: Criterion = key(..., "The criterion on the validation data.")
    published: File | None = key(None, FILE)
    measures: Filled[Measure] = key(("top_1",), f"The columns. {MEASURE}")

    def check(self, known: Known) -> None:
        """Refuse what the experiments or the published table do not have."""
        super().check(known)
        for sweep in self.selections:
            known.check_validation(sweep, "`choose`")
        check_beside(known, self.published, [], self.measures, self.checkpoint)

    def build(self, given: Sources) -> Table:
        """Build two rows a sweep, of validation data and of the test set; one where they agree."""
        checkpoint = self.checkpoint
        table = published_table(self.published, given.tables, [], self.measures, checkpoint)
        samples: list[Sample] = []
        for sweep in self.selections:
            group = select_runs(given.runs, sweep)
            for names, run in _chosen(group, self.choose, checkpoint, sweep.name):
                samples += [
                    Sample.of(
                        run,
                        names,
                        block,
                        measure,
                        prediction_measure(run, measure, checkpoint, split),
                        published_value(table, run.settings, measure, checkpoint, split),
                        **people_of_measure(run, measure, checkpoint, split, given.subjects),
                    )
                    for split, block in BLOCKS.items()
                    for measure in self.measures
                ]
        return Table(self, KEYS, summarise(samples, KEYS))


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
