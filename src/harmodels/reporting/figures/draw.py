"""Drawing of a figure from its specification and its runs; one function a kind."""

import pandas as pd
from matplotlib.figure import Figure

from harmodels.config.specs import FigureSpec
from harmodels.config.specs.figures import (
    Confusion,
    ConfusionPairs,
    GradientNorms,
    LossByOption,
    LossesCompared,
    ProtocolDots,
    RecallBars,
    Sweep,
    SweepTime,
    TrainAgainstValidation,
    TrainingCurves,
)
from harmodels.reporting.figures.gradients import draw_gradient_norms
from harmodels.reporting.figures.losses import (
    draw_loss_by_option,
    draw_losses_compared,
    draw_train_against_validation,
)
from harmodels.reporting.figures.matrices import draw_confusion, draw_confusion_pairs
from harmodels.reporting.figures.protocols import draw_protocol_dots
from harmodels.reporting.figures.recalls import draw_recall_bars
from harmodels.reporting.figures.style import house_style
from harmodels.reporting.figures.sweeps import draw_sweep, draw_sweep_time
from harmodels.reporting.figures.training import draw_training_curves
from harmodels.reporting.runs.load import Runs


def draw_figure(
    spec: FigureSpec,
    runs: Runs,
    subjects: pd.DataFrame | None = None,
    published: Runs | None = None,
) -> Figure:
    """Draw a figure.

    Parameters
    ----------
    spec
        As `config.specs.parse_figure` reads it from a report's configuration.
    runs
        The runs of each experiment that the specification selects from, in grid order.
    subjects
        Columns id and subject, where people are shown.
    published
        What the report published of the experiments, as `runs.published.read_published` gives it;
        shown beside ours in matrices and curves.

    Raises
    ------
    ConfigurationError
        If the option, the metric or a configuration does not exist.
    ResultsError
        If an experiment has no runs.
    """
    theirs = published or {}
    with house_style():
        match spec:
            case LossByOption():
                return draw_loss_by_option(spec, runs, theirs)
            case TrainAgainstValidation():
                return draw_train_against_validation(spec, runs, theirs)
            case LossesCompared():
                return draw_losses_compared(spec, runs)
            case GradientNorms():
                return draw_gradient_norms(spec, runs)
            case TrainingCurves():
                return draw_training_curves(spec, runs)
            case Confusion():
                return draw_confusion(spec, runs, theirs)
            case ConfusionPairs():
                return draw_confusion_pairs(spec, runs, theirs)
            case Sweep():
                return draw_sweep(spec, runs)
            case SweepTime():
                return draw_sweep_time(spec, runs)
            case RecallBars():
                return draw_recall_bars(spec, runs)
            case ProtocolDots():
                return draw_protocol_dots(spec, runs, subjects)
