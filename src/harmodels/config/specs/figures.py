"""Specifications of figures, one record a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from harmodels.config.entries import Key, Part
from harmodels.config.selection import (
    Checkpoint,
    Option,
    Scale,
    Selection,
    Split,
    SplitName,
    Title,
)
from harmodels.config.specs.tables import Measure, Models

PER_CLASS = "_per_class"  # of a metric: the recorded sum over classes, divided by their number
Metric = Annotated[
    str,
    Key(
        "A loss of history.parquet, or binary_cross_entropy_per_class: the recorded sum over the "
        "classes divided by their number."
    ),
]
Splits = Annotated[tuple[SplitName, ...], Key("Which sequences, a line each.")]
Limits = Annotated[
    tuple[float, float],
    Key("Lowest and highest value shown; by default those of the replicates."),
]
Plotted = Annotated[Selection, Part(("experiment", "where", "choose"), inline=True)]
Compared = Annotated[
    tuple[Selection, ...],
    Key("What is compared; each leaves one configuration.", name="runs"),
    Part(("experiment", "where", "choose", "title"), ("experiment", "title")),
]


@dataclass(frozen=True)
class Panel:
    """One panel of a sweep: an experiment with one configuration a value."""

    selection: Annotated[Selection, Part(("experiment", "where"), inline=True)]
    option: Option
    scale: Scale = "linear"


Panels = Annotated[
    tuple[Panel, ...],
    Key("Panels beside each other, each an experiment with one configuration a value."),
    Part(("experiment", "where", "option", "scale"), ("experiment", "option")),
]
Side = Annotated[
    Selection,
    Key("The left or the right matrix of every pair."),
    Part(
        ("experiment", "where", "choose", "checkpoint", "split", "title"),
        ("experiment", "checkpoint", "title"),
    ),
]


@dataclass(frozen=True, kw_only=True)
class LossByOption:
    """Loss over epochs, one panel a value of an option, a line for each of the others."""

    kind: Literal["loss_by_option"] = "loss_by_option"
    title: Title
    selection: Annotated[Selection, Part(("experiment", "where"), inline=True)]
    option: Option
    metric: Metric
    split: Split = "train"
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class TrainAgainstValidation:
    """Training and validation loss of each configuration.

    The epochs of the best weights and of an early end are marked.
    """

    kind: Literal["train_against_validation"] = "train_against_validation"
    title: Title
    selection: Plotted
    metric: Metric
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class LossesCompared:
    """The losses of some configurations in one panel."""

    kind: Literal["losses_compared"] = "losses_compared"
    title: Title
    runs: Compared
    metric: Metric
    splits: Splits = ("train", "validation")
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class GradientNorms:
    """Norm of the loss's gradient at the states, against the steps back from the last.

    A panel a run, a line before training and one after; the runs need `measure_gradients`.
    """

    kind: Literal["gradient_norms"] = "gradient_norms"
    title: Title
    runs: Compared
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingCurves:
    """Two panels a configuration, loss and accuracy over epochs.

    Lines are training and validation, points the test set where it was looked at.
    """

    kind: Literal["training_curves"] = "training_curves"
    title: Title
    selection: Plotted
    metric: Metric
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """The confusion matrix of every configuration."""

    kind: Literal["confusion"] = "confusion"
    title: Title
    selection: Annotated[
        Selection,
        Part(
            ("experiment", "where", "choose", "checkpoint", "split"),
            ("experiment", "checkpoint"),
            inline=True,
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class ConfusionPairs:
    """Two confusion matrices a configuration, left and right.

    One configuration on each side is a pair whatever its keys.
    """

    kind: Literal["confusion_pairs"] = "confusion_pairs"
    title: Title
    left: Side
    right: Side


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A measure against an option; a point is the mean over replicates, its bar the interval."""

    kind: Literal["sweep"] = "sweep"
    title: Title
    panels: Panels
    checkpoint: Checkpoint
    measure: Measure = "top_1"
    splits: Splits = ("validation", "test")
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class SweepTime:
    """The wall time of a run divided by its replicates, against an option.

    Beside published seconds, which are of another machine, both are shown as multiples of the time
    at the first value published.
    """

    kind: Literal["sweep_time"] = "sweep_time"
    title: Title
    panels: Panels
    published: (
        Annotated[
            Mapping[Any, Any],
            Key("Seconds that the report states, by value of the only panel's option."),
        ]
        | None
    ) = None


@dataclass(frozen=True, kw_only=True)
class RecallBars:
    """The recall of each class, a bar a run, the hardest class on top; three runs at most."""

    kind: Literal["recall_bars"] = "recall_bars"
    title: Title
    runs: Compared
    checkpoint: Checkpoint
    split: Split = "test"


@dataclass(frozen=True, kw_only=True)
class ProtocolDots:
    """Top-1 accuracy by the way of splitting, a row a model; the test subjects as small dots."""

    kind: Literal["protocol_dots"] = "protocol_dots"
    title: Title
    random: Models
    subjects: Models
    everyone: Models


FigureSpec = (
    LossByOption
    | TrainAgainstValidation
    | LossesCompared
    | GradientNorms
    | TrainingCurves
    | Confusion
    | ConfusionPairs
    | Sweep
    | SweepTime
    | RecallBars
    | ProtocolDots
)
