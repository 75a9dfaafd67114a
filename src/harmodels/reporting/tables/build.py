"""From a table's specification and its runs to cells; one function a kind."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.reporting.labels import configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import best_epochs, epochs_run, prediction_measure
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.cells import Sample, Table, mark_best, mark_changes, summarise
from harmodels.reporting.tables.choices import build_choices
from harmodels.reporting.tables.confusions import build_confusions
from harmodels.reporting.tables.groups import build_class_recall, build_subject_accuracy
from harmodels.reporting.tables.published import published_table, published_value
from harmodels.reporting.tables.rows import (
    EXPERIMENT,
    Row,
    keys_of,
    rows_of,
    settings_of,
)

Runs = Mapping[str, Sequence[Run]]
Published = Mapping[str, pd.DataFrame]

LAST_TITLE = "Last weights"
BEST_TITLE = "Best weights (early stopping)"


def build_table(
    spec: Spec, runs: Runs, published: Published, subjects: pd.DataFrame | None = None
) -> Table:
    """Build a table.

    Parameters
    ----------
    spec
        One entry under `tables` of a report's configuration.
    runs
        The runs of each experiment that `specs.experiments_of(spec)` names, in grid order.
    published
        The tables of `config/published` that `specs.published_of(spec)` names.
    subjects
        Columns id and subject of the data set's sequences, where `specs.needs_subjects(spec)`.

    Raises
    ------
    ConfigurationError
        If the kind, a measure or a published table does not exist.
    ResultsError
        If an experiment has no runs, or a sequence no subject.
    """
    kinds: dict[str, Callable[[], Table]] = {
        "top_k": lambda: _top_k(spec, runs, published),
        "last_against_best": lambda: _last_against_best(spec, runs, published),
        "side_by_side": lambda: _side_by_side(spec, runs, published),
        "class_recall": lambda: build_class_recall(spec, runs),
        "choices": lambda: build_choices(spec, runs, published),
        "confusions": lambda: build_confusions(spec, runs),
        "subject_accuracy": lambda: build_subject_accuracy(spec, runs, subjects),
    }
    if spec.get("kind") not in kinds:
        raise ConfigurationError(
            f"there is no table of kind {spec.get('kind')!r}; there are {', '.join(kinds)}"
        )
    return kinds[spec["kind"]]()


def _top_k(spec: Spec, runs: Runs, published: Published) -> Table:
    rows = rows_of(spec, runs)
    beside = _beside(spec, spec, rows, published)
    samples = _samples(spec, rows, "", beside)
    keys = tuple(rows[0].names)
    return Table(spec["title"], spec["kind"], keys, mark_best(summarise(samples, keys)))


def _last_against_best(spec: Spec, runs: Runs, published: Published) -> Table:
    last, best = (
        [row._replace(checkpoint=checkpoint) for row in rows_of(spec, runs)]
        for checkpoint in ("last", "best")
    )
    beside = _beside(spec, spec, last, published)
    samples = [
        *_samples(spec, last, LAST_TITLE, beside),
        *_samples(spec, best, BEST_TITLE, beside),
        *(_sample(row, BEST_TITLE, "early_stop_epoch", beside) for row in best),
    ]
    keys = tuple(last[0].names)
    cells = mark_changes(summarise(samples, keys), samples, LAST_TITLE, BEST_TITLE)
    return Table(spec["title"], spec["kind"], keys, cells)


def _side_by_side(spec: Spec, runs: Runs, published: Published) -> Table:
    sides = [spec["left"], spec["right"]]
    groups = [select_runs(runs, side) for side in sides]
    titles = [side["title"] for side in sides]
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
            Row(run, dict(name), side["checkpoint"], side.get("split", "test"))
            for run, name in zip(group, named, strict=True)
        ]
        samples += _samples(spec, rows, title, _beside(spec, side, rows, published))
    keys = tuple(dict.fromkeys(key for part in names for name in part for key in name))
    cells = mark_changes(summarise(samples, keys), samples, *titles)
    return Table(spec["title"], spec["kind"], keys, cells)


def _apart(left: Run, right: Run) -> tuple[dict[str, object], tuple[str, str]]:
    """Return what two configurations have in common, and how each differs from the other."""
    settings = (settings_of(left), settings_of(right))
    keys = keys_of([left, right])
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
    spec: Spec, rows: Sequence[Row], title: str, beside: pd.DataFrame | None
) -> list[Sample]:
    return [
        _sample(row, title, measure, beside) for row in rows for measure in _measures(spec, rows)
    ]


def _beside(
    spec: Spec, side: Spec, rows: Sequence[Row], published: Published
) -> pd.DataFrame | None:
    ours = {EXPERIMENT, *spec.get("unpublished", [])}
    keys = [key for key in rows[0].names if key not in ours]
    name = side.get("published")
    return published_table(name, published, keys, _measures(spec, rows), rows[0].checkpoint)


def _sample(row: Row, title: str, measure: str, beside: pd.DataFrame | None) -> Sample:
    run = row.run
    counted = {"early_stop_epoch": best_epochs, "epochs": epochs_run}
    values = (
        counted[measure](run)
        if measure in counted
        else prediction_measure(run, measure, row.checkpoint, row.split)
    )
    # what is published was measured on test sequences
    published = (
        published_value(beside, settings_of(run), measure, row.checkpoint)
        if row.split == "test"
        else None
    )
    return Sample(
        configuration=row.names,
        group=title,
        measure=measure,
        values=values,
        replicates=run.replicates,
        diverged=len(run.diverged),
        simulated=run.simulated,
        published=published,
    )


def _measures(spec: Spec, rows: Sequence[Row]) -> list[str]:
    """Return the columns asked for, or top-1 to top-5; top-C is always 1 and left out."""
    return spec.get("measures") or [
        f"top_{k}" for k in range(1, min(5, len(rows[0].run.classes) - 1) + 1)
    ]
