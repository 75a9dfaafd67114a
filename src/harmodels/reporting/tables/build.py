"""Cells of a table from its specification and its runs; one function a kind."""

from collections.abc import Sequence

import pandas as pd

from harmodels.config.specs import TableSpec
from harmodels.config.specs.rows import EXPERIMENT, keys_of
from harmodels.config.specs.tables import (
    Choices,
    ClassRecall,
    Closeness,
    Confusions,
    LastAgainstBest,
    PrintedRows,
    Protocols,
    SideBySide,
    StoppingRules,
    SubjectAccuracy,
    TopK,
)
from harmodels.errors import ConfigurationError
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import column
from harmodels.reporting.runs.published import counterpart, published_measure
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.tables.cells import Sample, Table, mark_best, mark_changes, summarise
from harmodels.reporting.tables.choices import build_choices
from harmodels.reporting.tables.closeness import build_closeness
from harmodels.reporting.tables.confusions import build_confusions
from harmodels.reporting.tables.groups import build_class_recall, build_subject_accuracy
from harmodels.reporting.tables.people import people_of_measure
from harmodels.reporting.tables.printed_rows import build_printed_rows
from harmodels.reporting.tables.protocols import build_protocols
from harmodels.reporting.tables.published import Published, published_table, published_value
from harmodels.reporting.tables.published_rows import published_cells
from harmodels.reporting.tables.rows import Row, rows_of
from harmodels.reporting.tables.stopping_rules import build_stopping_rules

Beside = tuple[pd.DataFrame | None, Runs]  # a published table, and published runs
LAST_TITLE = "Last weights"
BEST_TITLE = "Best weights (early stopping)"


def build_table(
    spec: TableSpec,
    runs: Runs,
    published: Published,
    subjects: pd.DataFrame | None = None,
    published_runs: Runs | None = None,
) -> Table:
    """Build a table.

    Parameters
    ----------
    spec
        As `config.specs.parse_table` reads it from a report's configuration.
    runs
        The runs of each experiment that the specification selects from, in grid order.
    published
        The tables of `config/published` that the specification names, by file.
    subjects
        Columns id and subject of the data set's sequences, for intervals over people; without
        them, and where the subjects are empty, intervals are over seeds alone.
    published_runs
        What the report published of the experiments, as `runs.published.read_published` gives it.

    Raises
    ------
    ConfigurationError
        If a published table does not exist or does not fit, or `where` fits nothing.
    ResultsError
        If an experiment has no runs, or a sequence no subject.

    Examples
    --------
    From the folders that training jobs wrote, to files::

        spec = parse_table(
            {"title": "Test set", "kind": "top_k", "experiment": "part_b", "checkpoint": "last"}
        )
        runs = load_runs(sorted(Path("results/rnn_tbptt/simulated/runs/part_b").iterdir()))
        write_table_files(build_table(spec, runs, published={}), "part_b")
    """
    theirs = published_runs or {}
    match spec:
        case TopK():
            return _top_k(spec, runs, published, subjects, theirs)
        case LastAgainstBest():
            return _last_against_best(spec, runs, published, subjects, theirs)
        case SideBySide():
            return _side_by_side(spec, runs, published, subjects, theirs)
        case ClassRecall():
            return build_class_recall(spec, runs, subjects, theirs)
        case SubjectAccuracy():
            return build_subject_accuracy(spec, runs, subjects)
        case Choices():
            return build_choices(spec, runs, published, subjects)
        case Confusions():
            return build_confusions(spec, runs, theirs)
        case PrintedRows():
            return build_printed_rows(spec, runs, published)
        case Protocols():
            return build_protocols(spec, runs, subjects)
        case Closeness():
            return build_closeness(spec, runs, theirs)
        case StoppingRules():
            return build_stopping_rules(spec, theirs)


def _top_k(
    spec: TopK, runs: Runs, published: Published, subjects: pd.DataFrame | None, theirs: Runs
) -> Table:
    rows = rows_of(spec.rows, runs, titled=bool(spec.published_rows))
    measures = spec.measures or _default_measures(rows)
    beside = _beside(spec.published, spec.unpublished, rows, measures, published), theirs
    samples = _samples(rows, "", measures, beside, subjects)
    keys = tuple(rows[0].names)
    cells = [mark_best(summarise(samples, keys))]
    cells += [published_cells(row, theirs, keys, measures) for row in spec.published_rows]
    return Table(spec.title, spec.kind, keys, pd.concat(cells, ignore_index=True))


def _last_against_best(
    spec: LastAgainstBest,
    runs: Runs,
    published: Published,
    subjects: pd.DataFrame | None,
    theirs: Runs,
) -> Table:
    rows = rows_of([spec.selection], runs)
    last, best = (
        [row._replace(checkpoint=checkpoint) for row in rows] for checkpoint in ("last", "best")
    )
    measures = spec.measures or _default_measures(rows)
    beside = _beside(spec.published, spec.unpublished, last, measures, published), theirs
    samples = [
        *_samples(last, LAST_TITLE, measures, beside, subjects),
        *_samples(best, BEST_TITLE, measures, beside, subjects),
        *_samples(best, BEST_TITLE, ["early_stop_epoch"], beside, subjects),
    ]
    keys = tuple(rows[0].names)
    cells = mark_changes(summarise(samples, keys), samples, LAST_TITLE, BEST_TITLE)
    return Table(spec.title, spec.kind, keys, cells)


def _side_by_side(
    spec: SideBySide,
    runs: Runs,
    published: Published,
    subjects: pd.DataFrame | None,
    theirs: Runs,
) -> Table:
    sides = [spec.left, spec.right]
    groups = [select_runs(runs, side.selection) for side in sides]
    titles = [side.selection.name for side in sides]
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
    for side, group, named, title in zip(sides, groups, names, titles, strict=True):
        rows = [
            Row(run, dict(name), side.selection.checkpoint, side.selection.split)
            for run, name in zip(group, named, strict=True)
        ]
        measures = spec.measures or _default_measures(rows)
        beside = _beside(side.published, spec.unpublished, rows, measures, published), theirs
        samples += _samples(rows, title, measures, beside, subjects)
    keys = tuple(keys_of(name for part in names for name in part))
    cells = mark_changes(summarise(samples, keys), samples, *titles)
    return Table(spec.title, spec.kind, keys, cells)


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


def _samples(
    rows: Sequence[Row],
    title: str,
    measures: Sequence[str],
    beside: Beside,
    subjects: pd.DataFrame | None,
) -> list[Sample]:
    return [_sample(row, title, measure, beside, subjects) for row in rows for measure in measures]


def _beside(
    name: str | None,
    unpublished: Sequence[str],
    rows: Sequence[Row],
    measures: Sequence[str],
    published: Published,
) -> pd.DataFrame | None:
    keys = [key for key in rows[0].names if key not in {EXPERIMENT, *unpublished}]
    return published_table(name, published, keys, measures, rows[0].checkpoint)


def _sample(
    row: Row,
    title: str,
    measure: str,
    beside: Beside,
    subjects: pd.DataFrame | None,
) -> Sample:
    run = row.run
    values = column(run, measure, row.checkpoint, row.split)
    table, published_runs = beside
    number = published_value(table, run.settings, measure, row.checkpoint, row.split)
    theirs = counterpart(run, published_runs)
    if number is None and theirs is not None:
        number = published_measure(theirs, measure, row.checkpoint, row.split)
    people = people_of_measure(run, measure, row.checkpoint, row.split, subjects)
    return Sample.of(run, row.names, title, measure, values, number, **people)


def _default_measures(rows: Sequence[Row]) -> list[str]:
    """Return top-1 to top-5; top-C is always 1 and left out."""
    return [f"top_{k}" for k in range(1, min(5, len(rows[0].run.classes) - 1) + 1)]
