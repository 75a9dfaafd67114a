"""Specifications of tables, one record a kind."""

from dataclasses import dataclass
from typing import Annotated, Literal

from harmodels.config.entries import Key, Part
from harmodels.config.selection import Checkpoint, Selection, Split, SplitName, Title

PREDICTED = r"top_[1-9][0-9]*|macro_f1|most_predicted_share(_without_[a-z][a-z0-9_]*)?"
_OF_PREDICTIONS = (
    "top_1, top_2, …, macro_f1, most_predicted_share, most_predicted_share_without_<class> (among "
    "sequences that are not of that class) or recall_<class>"
)
_OF_COURSES = (
    "epochs, early_stop_epoch, best_accuracy_epoch (of the highest validation accuracy, the "
    "earliest of equal ones), train_loss, validation_loss (means from epoch 10 to the last, per "
    "class where the loss is a sum over classes) or loss_gap (validation minus training)"
)
_RECALL = "recall_[a-z][a-z0-9_]*"
Measure = Annotated[
    str,
    Key(
        f"A number per replicate from predictions: {_OF_PREDICTIONS}.",
        pattern=f"{PREDICTED}|{_RECALL}",
    ),
]
Column = Annotated[
    str,
    Key(
        "One of top_1, top_2, …, macro_f1, most_predicted_share, "
        "most_predicted_share_without_<class>, recall_<class>, epochs, early_stop_epoch, "
        "best_accuracy_epoch, train_loss, validation_loss and loss_gap.",
        pattern=f"{PREDICTED}|{_RECALL}|epochs|early_stop_epoch|best_accuracy_epoch|"
        "train_loss|validation_loss|loss_gap",
    ),
]
Columns = Annotated[
    tuple[Column, ...],
    Key(
        f"The columns, from predictions {_OF_PREDICTIONS}; from the course of the training "
        f"{_OF_COURSES}; by default top_1 to top_5."
    ),
]
PublishedFile = Annotated[
    str,
    Key(
        "File of config/published with the report's own numbers, matched by configuration.",
        pattern=r"[^/]+\.csv",
    ),
]
Unpublished = Annotated[
    tuple[str, ...],
    Key(
        "Keys of our rows that the report does not vary: its numbers stand in every row that "
        "agrees in all others."
    ),
]
Rows = Annotated[
    tuple[Selection, ...],
    Key(
        "In place of one experiment, several: their rows are stacked, with the union of their "
        "keys. With a title on any of them the experiment is a column; a checkpoint is in place of "
        "the table's own.",
        name="experiments",
    ),
    Part(("experiment", "where", "choose", "checkpoint", "title"), or_one=True),
]


_PUBLISHED = ("experiment", "where", "checkpoint", "title")


@dataclass(frozen=True)
class PublishedRow:
    """Rows of what the report published of an experiment."""

    selection: Annotated[
        Selection,
        Part(_PUBLISHED, ("experiment", "title"), inline=True),
    ]
    rows: Annotated[
        Literal["each", "mean"],
        Key("A row each configuration, or one with their mean, smallest and largest."),
    ] = "each"


PublishedRows = Annotated[
    tuple[PublishedRow, ...],
    Key(
        "Rows below ours, of experiments under `published_runs`; `rows: mean` gives one row with "
        "mean, smallest and largest over the published configurations, otherwise each has one."
    ),
    Part((*_PUBLISHED, "rows"), ("experiment", "title")),
]
_SIDE = ("experiment", "where", "choose", "checkpoint", "split", "title")


Models = Annotated[
    tuple[Selection, ...],
    Key(
        "One configuration a model, the same titles under each way of splitting: random (windows, "
        "whoever was recorded), subjects (other people) and everyone (each person in turn)."
    ),
    Part(
        ("experiment", "where", "choose", "checkpoint", "title"),
        ("experiment", "checkpoint", "title"),
    ),
]


@dataclass(frozen=True)
class TableSide:
    """One block of columns."""

    selection: Annotated[Selection, Part(_SIDE, inline=True)]
    published: PublishedFile | None = None


Side = Annotated[
    TableSide,
    Key("One block of columns."),
    Part((*_SIDE, "published"), required=("experiment", "checkpoint", "title")),
]


@dataclass(frozen=True, kw_only=True)
class TopK:
    """One row a configuration; the best of each column is bold."""

    kind: Literal["top_k"] = "top_k"
    title: Title
    rows: Rows
    checkpoint: Checkpoint
    split: Split = "test"
    published: PublishedFile | None = None
    unpublished: Unpublished = ()
    published_rows: PublishedRows = ()
    measures: Columns = ()


@dataclass(frozen=True, kw_only=True)
class LastAgainstBest:
    """Last weights beside best weights with the early-stop epoch; better is bold, worse italic."""

    kind: Literal["last_against_best"] = "last_against_best"
    title: Title
    selection: Annotated[Selection, Part(("experiment", "where", "choose"), inline=True)]
    published: PublishedFile | None = None
    unpublished: Unpublished = ()
    measures: Columns = ()


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two experiments or checkpoints beside each other, rows matched by configuration.

    One configuration on each side is a pair whatever its keys.
    """

    kind: Literal["side_by_side"] = "side_by_side"
    title: Title
    left: Side
    right: Side
    unpublished: Unpublished = ()
    measures: Columns = ()


@dataclass(frozen=True, kw_only=True)
class ClassRecall:
    """One row a configuration, one column a class; the best of each column is bold."""

    kind: Literal["class_recall"] = "class_recall"
    title: Title
    rows: Rows
    checkpoint: Checkpoint
    split: Split = "test"


@dataclass(frozen=True, kw_only=True)
class SubjectAccuracy:
    """The accuracy of each person recorded."""

    kind: Literal["subject_accuracy"] = "subject_accuracy"
    title: Title
    rows: Rows
    checkpoint: Checkpoint
    split: Split = "test"
    row: Annotated[
        Literal["configurations", "subjects"],
        Key("What a row is; the other is a column.", name="rows"),
    ] = "configurations"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Of each experiment the configuration that validation data choose and the test set's own.

    The latter is the one that the top-1 accuracy on the test set would choose; both are shown with
    their measures on both.
    """

    kind: Literal["choices"] = "choices"
    title: Title
    sweeps: Annotated[
        tuple[Selection, ...],
        Key("One or two rows each.", name="experiments"),
        Part(("experiment", "where", "title")),
    ]
    choose: Annotated[
        Literal["validation_accuracy", "validation_loss"],
        Key("What the validation data choose by."),
    ]
    checkpoint: Checkpoint
    published: PublishedFile | None = None
    measures: Annotated[tuple[Measure, ...], Key("The columns.")] = ("top_1",)


@dataclass(frozen=True, kw_only=True)
class Confusions:
    """The most frequent confusions of one configuration, one row a pair of classes."""

    kind: Literal["confusions"] = "confusions"
    title: Title
    selection: Annotated[
        Selection,
        Part(
            ("experiment", "where", "choose", "checkpoint", "split"),
            ("experiment", "checkpoint"),
            inline=True,
        ),
    ]
    most: Annotated[int, Key("How many rows at most.", least=1)] = 10


@dataclass(frozen=True, kw_only=True)
class PrintedRows:
    """How near each reading comes to the rows that the report prints, one row a title."""

    kind: Literal["printed_rows"] = "printed_rows"
    title: Title
    readings: Annotated[
        tuple[Selection, ...],
        Key(
            "Configurations, of which those that the report prints count; those of one title are "
            "one row.",
            name="experiments",
        ),
        Part(("experiment", "where", "checkpoint", "title")),
    ]
    checkpoint: Checkpoint
    published: PublishedFile
    measure: Measure = "top_1"


@dataclass(frozen=True, kw_only=True)
class Protocols:
    """Top-1 accuracy by the way of splitting, one row a model, and what random windows add."""

    kind: Literal["protocols"] = "protocols"
    title: Title
    random: Models
    subjects: Models
    everyone: Models


@dataclass(frozen=True)
class CurvesCompared:
    """The loss curves of an experiment, set beside the published ones."""

    selection: Annotated[Selection, Part(("experiment", "where", "title"), inline=True)]
    metric: Annotated[str, Key("The loss, in the unit of the published curves.")]
    splits: Annotated[tuple[SplitName, ...], Key("Which curves.")] = ("train",)


@dataclass(frozen=True, kw_only=True)
class Closeness:
    """How far our curves and confusion matrices lie from the published ones, a row a configuration.

    Of a curve the mean distance over the epochs, of a matrix the share of the most predicted class
    and the distance of its rows (half the sum of absolute differences, mean over the classes).
    """

    kind: Literal["closeness"] = "closeness"
    title: Title
    curves: Annotated[
        tuple[CurvesCompared, ...],
        Key("Figures of losses; the title names the figure."),
        Part(
            ("experiment", "where", "title", "metric", "splits"), ("experiment", "title", "metric")
        ),
    ] = ()
    matrices: Annotated[
        tuple[Selection, ...],
        Key("Figures of confusion matrices; the title names the figure."),
        Part(("experiment", "where", "checkpoint", "title"), ("experiment", "checkpoint", "title")),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class StoppingRules:
    """The epochs at which a report stopped beside those that simple rules choose in its curves.

    A row a rule, a column a configuration with published curves; the last column counts the
    printed epochs that the rule meets within one epoch.
    """

    kind: Literal["stopping_rules"] = "stopping_rules"
    title: Title
    published_run: Annotated[
        str, Key("An experiment under `published_runs` with curves and printed epochs.")
    ]
    metric: Annotated[str, Key("The loss whose published curves the rules read.")]


TableSpec = (
    TopK
    | LastAgainstBest
    | SideBySide
    | ClassRecall
    | SubjectAccuracy
    | Choices
    | Confusions
    | PrintedRows
    | Protocols
    | Closeness
    | StoppingRules
)
