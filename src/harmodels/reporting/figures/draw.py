"""From a figure's specification and its runs to a figure; one function a kind."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from harmodels.errors import ConfigurationError
from harmodels.reporting.figures.losses import (
    draw_loss_by_option,
    draw_losses_compared,
    draw_train_against_validation,
)
from harmodels.reporting.figures.matrices import draw_confusion, draw_confusion_pairs
from harmodels.reporting.figures.recalls import draw_recall_bars
from harmodels.reporting.figures.style import house_style
from harmodels.reporting.figures.sweeps import draw_sweep, draw_sweep_time
from harmodels.reporting.figures.training import draw_training_curves
from harmodels.reporting.runs.load import Run
from harmodels.reporting.specs import Spec


def draw_figure(spec: Spec, runs: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw a figure.

    Parameters
    ----------
    spec
        One entry under `figures` of a report's configuration.
    runs
        The runs of each experiment that `specs.experiments_of(spec)` names, in grid order.

    Raises
    ------
    ConfigurationError
        If the kind, the option or the metric does not exist.
    ResultsError
        If an experiment has no runs.
    """
    kinds: dict[str, Callable[[Spec, Mapping[str, Sequence[Run]]], Figure]] = {
        "loss_by_option": draw_loss_by_option,
        "train_against_validation": draw_train_against_validation,
        "losses_compared": draw_losses_compared,
        "training_curves": draw_training_curves,
        "confusion": draw_confusion,
        "confusion_pairs": draw_confusion_pairs,
        "sweep": draw_sweep,
        "sweep_time": draw_sweep_time,
        "recall_bars": draw_recall_bars,
    }
    if spec.get("kind") not in kinds:
        raise ConfigurationError(
            f"there is no figure of kind {spec.get('kind')!r}; there are {', '.join(kinds)}"
        )
    with house_style():
        return kinds[spec["kind"]](spec, runs)
