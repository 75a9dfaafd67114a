"""Tables of kind side_by_side: two experiments or checkpoints, rows matched by configuration."""

from typing import Literal

from harmodels.config.base import key
from harmodels.config.published import File
from harmodels.config.selection import Choosing, OfCheckpoint, OfSplit, Titled
from harmodels.errors import ConfigurationError
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.cells import Sample, mark_changes, summarise
from harmodels.reporting.tables.measured import beside, default_measures, samples_of
from harmodels.reporting.tables.rows import Row, keys_of
from harmodels.reporting.tables.spec import (
    COLUMNS,
    FILE,
    UNPUBLISHED,
    Columns,
    Table,
    TableSpec,
    Unpublished,
)


class Side(Titled, OfSplit, OfCheckpoint, Choosing):
    """One block of columns."""

    published: File | None = key(None, FILE)


class SideBySide(TableSpec):
    """Two experiments or checkpoints beside each other, rows matched by configuration.

    One configuration on each side is a pair whatever its keys.
    """

    marks = "Bold: the right block is better than the left; italic: worse."

    kind: Literal["side_by_side"] = "side_by_side"
    left: Side = key(..., "The block on the left.")
    right: Side = key(..., "The block on the right.")
    unpublished: Unpublished = key((), UNPUBLISHED)
    measures: Columns = key((), COLUMNS)

    @property
    def needs_subjects(self) -> bool:
        """Whether it needs to know who was recorded: for intervals over the people tested."""
        return "test" in (self.left.split, self.right.split)

    def build(self, given: Sources) -> Table:
        """Build a block of columns for each side, and mark the changes from left to right."""
        selections = self.selections
        groups = [select_runs(given.runs, selection) for selection in selections]
        titles = [selection.name for selection in selections]
        names = [[run.configuration for run in group] for group in groups]
        if len(groups[0]) == len(groups[1]) == 1 and names[0] != names[1]:
            common, differences = _apart(groups[0][0], groups[1][0])
            names = [[common], [common]]
            titles = [
                f"{title} ({difference})" if difference else title
                for title, difference in zip(titles, differences, strict=True)
            ]
        if titles[0] == titles[1]:
            raise ConfigurationError(f"both sides of a table are called {titles[0]!r}")
        samples: list[Sample] = []
        for side, group, named, title in zip(
            (self.left, self.right), groups, names, titles, strict=True
        ):
            rows = [
                Row(run, dict(name), side.checkpoint, side.split)
                for run, name in zip(group, named, strict=True)
            ]
            measures = self.measures or default_measures(rows)
            table = beside(side.published, self.unpublished, rows, measures, given)
            samples += samples_of(rows, title, measures, given, table)
        keys = tuple(keys_of(name for part in names for name in part))
        return Table(self, keys, mark_changes(summarise(samples, keys), samples, *titles))


def _apart(left: Run, right: Run) -> tuple[dict[str, object], tuple[str, str]]:
    """Return what two configurations have in common, and how each differs from the other."""
    settings = (left.settings, right.settings)
    keys = keys_of([left.configuration, right.configuration])
    common = {
        key: settings[0][key]
        for key in keys
        if key in settings[0] and key in settings[1] and settings[0][key] == settings[1][key]
    }
    first, second = (
        configuration_text({key: own[key] for key in keys if key in own and key not in common})
        for own in settings
    )
    return common, (first, second)
