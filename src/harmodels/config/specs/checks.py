"""Names in a specification, checked against the experiments while the configuration is read.

What a table, figure or claim names must exist before anything trains: experiments, values of their
grids, options, metrics, weights, splits and published files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harmodels.config.entries import nearest
from harmodels.config.messages import listed
from harmodels.config.options import OPTIONS
from harmodels.config.selection import Selection, agrees
from harmodels.config.specs import AnySpec, claims, figures, published_in, selections_of, tables
from harmodels.config.specs.check_sweeps import (
    check_line,
    check_option,
    check_panel,
    check_seconds,
    selected,
)
from harmodels.config.specs.figures import PER_CLASS
from harmodels.config.specs.published import check_published
from harmodels.config.specs.rows import EXPERIMENT, Settings, row_names
from harmodels.errors import ConfigurationError

if TYPE_CHECKING:
    from harmodels.config.experiments import Experiment

MOST_MEASURES = ("top_1", "top_2", "top_3", "top_4", "top_5")  # of a table that names none


def missing_experiments(
    spec: AnySpec, built: Mapping[str, Experiment], known: Sequence[str]
) -> list[str]:
    """Return the experiments that a specification needs and that this project does not build.

    Parameters
    ----------
    spec
        Of a table, figure or claim.
    built
        The report's experiments that the project builds, by name.
    known
        The names of all experiments of the report.

    Raises
    ------
    ConfigurationError
        If the report has no such experiment.
    """
    names = list(dict.fromkeys(selection.experiment for selection in selections_of(spec)))
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"there is no experiment {name!r}{nearest(name, known)}; "
                f"the report has {', '.join(known)}"
            )
    return [name for name in names if name not in built]


def check_names(
    spec: AnySpec, experiments: Mapping[str, Experiment], published: Path | None = None
) -> None:
    """Refuse a specification that names what its experiments do not have.

    Parameters
    ----------
    spec
        Of a table, figure or claim, all of whose experiments are built.
    experiments
        By name.
    published
        The folder of the published tables.

    Raises
    ------
    ConfigurationError
        Naming what is missing and what there is.
    """
    for selection in selections_of(spec):
        _check_selection(selection, experiments[selection.experiment])
    _check_best_weights(spec, experiments)
    _check_curves(spec, experiments)
    match spec:
        case figures.LossByOption():
            check_option(spec.option, experiments[spec.selection.experiment])
        case figures.Sweep() | figures.SweepTime():
            for panel in spec.panels:
                check_panel(panel, experiments[panel.selection.experiment])
            if isinstance(spec, figures.SweepTime) and spec.published:
                check_seconds(spec.published, spec.panels, experiments)
        case figures.LossesCompared() | figures.RecallBars():
            for selection in spec.runs:
                _check_single(selection, experiments)
        case figures.GradientNorms():
            for selection in spec.runs:
                _check_single(selection, experiments)
                _check_measured(selection, experiments[selection.experiment])
        case figures.ConfusionPairs():
            _check_pair(spec.left, spec.right, experiments)
        case tables.Protocols() | figures.ProtocolDots():
            _check_models(spec, experiments)
        case tables.Confusions():
            _check_single(spec.selection, experiments)
        case tables.Choices():
            for sweep in spec.sweeps:
                _check_validation(experiments[sweep.experiment], "`choose`")
        case claims.Best():
            _check_one_best(spec, experiments)
        case claims.Interaction():
            for selection in claims.sides_of(spec):
                _check_selection(selection, experiments[selection.experiment])
        case claims.Trend() | claims.Straight():
            check_line(spec, experiments[spec.selection.experiment])
        case _:
            pass
    for file in published_in(spec):
        _check_file(file, published)
    if published is not None:
        _check_columns(spec, experiments, published)


def _check_selection(selection: Selection, experiment: Experiment) -> None:
    if not selected(selection, experiment):
        raise ConfigurationError(
            f"no configuration of experiment {experiment.name!r} agrees with {selection.where}"
            f"{nearest(selection.where, experiment.configurations)}; "
            f"there are {listed(experiment.configurations)}"
        )
    if selection.choose:
        _check_validation(experiment, f"`choose: {selection.choose}`")
    if selection.checkpoint == "best":
        _check_validation(experiment, "`checkpoint: best`")
    if selection.split == "validation":
        _check_validation(experiment, "`split: validation`")


def _check_validation(experiment: Experiment, user: str) -> None:
    if not experiment.validation:
        raise ConfigurationError(
            f"{user} needs validation sequences, which experiment {experiment.name!r} does not "
            "hold out; set `validation: true` there, or ask for last weights and other splits"
        )


def _check_best_weights(spec: AnySpec, experiments: Mapping[str, Experiment]) -> None:
    """Refuse best or validation numbers that a kind shows whatever its selection says."""
    shown = getattr(spec, "splits", ())
    always = {
        tables.LastAgainstBest: "best weights",
        figures.TrainAgainstValidation: "a validation loss",
    }
    user = always.get(type(spec)) or ("`splits: validation`" if "validation" in shown else None)
    if user:
        for selection in selections_of(spec):
            _check_validation(experiments[selection.experiment], user)


def _curves(spec: AnySpec) -> Iterator[tuple[Selection, str, str]]:
    """Yield selection, metric and split of every curve of history.parquet that is shown."""
    drawn: list[tuple[str, str]] = []
    match spec:
        case figures.LossByOption():
            drawn = [(spec.metric, spec.split)]
        case figures.TrainAgainstValidation():
            drawn = [(spec.metric, split) for split in ("train", "validation")]
        case figures.LossesCompared():
            drawn = [(spec.metric, split) for split in spec.splits]
        case figures.TrainingCurves():
            drawn = [(spec.metric, "train")]
        case tables.Closeness():
            yield from ((c.selection, c.metric, split) for c in spec.curves for split in c.splits)
        case (
            claims.Comparison()
            | claims.Equivalence()
            | claims.Best()
            | claims.Threshold()
            | claims.Interaction()
            | claims.Trend()
            | claims.Straight()
        ):
            if spec.loss is not None:
                drawn = [(spec.loss.metric, spec.loss.split)]
        case _:
            pass
    yield from ((selection, *curve) for selection in selections_of(spec) for curve in drawn)


def _check_curves(spec: AnySpec, experiments: Mapping[str, Experiment]) -> None:
    for selection, metric, split in _curves(spec):
        experiment = experiments[selection.experiment]
        known = _metrics(experiment.training)
        if metric not in known:
            raise ConfigurationError(
                f"experiment {experiment.name!r} has no loss {metric!r}"
                f"{nearest(metric, known)}; it has {', '.join(known) or 'none'}"
            )
        if split == "validation":
            _check_validation(experiment, "a validation loss")
        looked_at = [c.options.get("test_every") for c in selected(selection, experiment)]
        if split == "test" and not all(looked_at):
            raise ConfigurationError(
                f"experiment {experiment.name!r} does not look at the test set while it "
                "trains; set `test_every` there to draw a test loss"
            )


def _metrics(training: str) -> list[str]:
    """Return the losses that a training writes to its history, and what is derived from them."""
    monitor = OPTIONS[training].model_fields.get("monitor")
    losses = get_args(monitor.annotation) if monitor else ()
    summed = "binary_cross_entropy"  # over the classes
    return [n for loss in losses for n in (loss, *([loss + PER_CLASS] if loss == summed else []))]


def _check_single(selection: Selection, experiments: Mapping[str, Experiment]) -> None:
    found = selected(selection, experiments[selection.experiment])
    if len(found) > 1 and not selection.choose:
        raise ConfigurationError(
            f"one configuration is needed, but {selection.experiment!r} where "
            f"{selection.where or 'nothing is said'} has {len(found)}; "
            "say which with `where`, or `choose` one on validation data"
        )


def _check_measured(selection: Selection, experiment: Experiment) -> None:
    measured = [c.options.get("measure_gradients") for c in selected(selection, experiment)]
    if not all(measured):
        raise ConfigurationError(
            f"experiment {experiment.name!r} does not measure gradients; set "
            "`measure_gradients: true` in its options, which report trainings truncated_bptt and "
            "minibatch have"
        )


def _check_models(
    spec: tables.Protocols | figures.ProtocolDots, experiments: Mapping[str, Experiment]
) -> None:
    """Refuse ways of splitting that do not have the same models."""
    named = [
        [selection.title for selection in models]
        for models in (spec.random, spec.subjects, spec.everyone)
    ]
    if named[1] != named[0] or named[2] != named[0]:
        raise ConfigurationError(
            "random, subjects and everyone must have the same titles in the same order; "
            f"they have {', '.join(map(str, named[0]))}; {', '.join(map(str, named[1]))}; "
            f"{', '.join(map(str, named[2]))}"
        )
    for selection in selections_of(spec):
        _check_single(selection, experiments)


def _check_pair(left: Selection, right: Selection, experiments: Mapping[str, Experiment]) -> None:
    sides = [
        [c.values for c in selected(side, experiments[side.experiment])] for side in (left, right)
    ]
    single = all(len(side) == 1 for side in sides) or left.choose or right.choose
    if not single and not any(values in sides[1] for values in sides[0]):
        raise ConfigurationError(
            f"experiments {left.experiment!r} and {right.experiment!r} share no configuration; "
            "choose one on each side with `where` to set them side by side"
        )


def _check_one_best(spec: claims.Best, experiments: Mapping[str, Experiment]) -> None:
    group = selected(spec.selection, experiments[spec.selection.experiment])
    count = sum(agrees(configuration.values, spec.best) for configuration in group)
    if count != 1:
        raise ConfigurationError(
            f"`best` {spec.best} names {count} of the configurations compared, not one"
        )


def _check_file(file: str, published: Path | None) -> None:
    if published is not None and not (published / file).is_file():
        known = sorted(path.name for path in published.glob("*.csv"))
        raise ConfigurationError(
            f"there is no published table {file!r}{nearest(file, known)}; "
            f"config/published has {', '.join(known) or 'none'}"
        )


def _check_columns(spec: AnySpec, experiments: Mapping[str, Experiment], published: Path) -> None:
    """Refuse rows that cannot be told apart, and published tables without our rows or columns."""

    def keys(selections: Sequence[Selection], titled: bool = False) -> list[str]:
        groups = [
            [Settings(c.values, c.options) for c in selected(s, experiments[s.experiment])]
            for s in selections
        ]
        # where one is chosen after training, any may stand for it
        groups = [
            group[:1] if selection.choose else group
            for selection, group in zip(selections, groups, strict=True)
        ]
        return list(row_names(selections, groups, titled)[0][0])

    def check(file: str | None, rows: list[str], measures: Sequence[str], checkpoint: str) -> None:
        if file is not None:
            ours = {EXPERIMENT, *getattr(spec, "unpublished", ())}
            named = [key for key in rows if key not in ours]
            check_published(file, _columns(published / file), named, measures, checkpoint)

    match spec:
        case tables.TopK():
            checkpoint = spec.rows[0].checkpoint
            titled = bool(spec.published_rows)
            check(
                spec.published, keys(spec.rows, titled), spec.measures or MOST_MEASURES, checkpoint
            )
        case tables.ClassRecall() | tables.SubjectAccuracy():
            keys(spec.rows)
        case tables.LastAgainstBest():
            check(spec.published, keys([spec.selection]), spec.measures or MOST_MEASURES, "last")
        case tables.Choices():
            check(spec.published, [], spec.measures, spec.checkpoint)
        case tables.PrintedRows():
            check(spec.published, [], [spec.measure], spec.checkpoint)
        case _:
            pass


def _columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file), [])
