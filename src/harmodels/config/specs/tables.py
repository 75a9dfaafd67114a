"""Specifications of tables, one record a kind."""

from dataclasses import dataclass
from typing import Annotated, Literal

from harmodels.config.entries import Key, Part
from harmodels.config.selection import Checkpoint, Selection, Split, Title

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
        f"{_OF_COURSES}; top_1 to top_5 unless told."
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
)
