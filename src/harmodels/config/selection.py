"""The selection of runs that a table, figure or claim is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from harmodels.config.entries import Key, nearest
from harmodels.errors import ConfigurationError

Name = Annotated[str, Key("Key of an experiment of the same report.", pattern="[a-z][a-z0-9_]*")]
Checkpoint = Annotated[
    Literal["last", "best"],
    Key("Weights after the last epoch, or at the lowest validation loss."),
]
SplitName = Literal["train", "validation", "test"]
Split = Annotated[SplitName, Key("Which sequences.")]
Title = Annotated[str, Key("What a reader sees above it.")]
Option = Annotated[str, Key("A key of the experiment's grid.")]
Scale = Annotated[Literal["linear", "log"], Key("Of the option's axis.")]
Where = Annotated[
    Mapping[str, Any],
    Key("Values of the experiment's grid; only configurations that agree with all are taken."),
]
Choose = Annotated[
    Literal["validation_accuracy", "validation_loss"],
    Key(
        "Of the configurations meant, only the one with the highest accuracy or the lowest loss "
        "on validation data, mean over replicates; equal accuracies are told apart by the loss, "
        "equal losses by the grid's order."
    ),
]


@dataclass(frozen=True)
class Selection:
    """Some runs of an experiment, and which of their predictions are meant.

    Attributes
    ----------
    experiment
        Its key.
    where
        Values of the grid that the configurations have; empty takes all.
    choose
        The criterion on validation data by which one configuration is taken; None takes all.
    checkpoint, split
        The weights and the sequences.
    title
        What the runs are called; None where the experiment's key will do.
    """

    experiment: Name
    where: Where = field(default_factory=dict)
    choose: Choose | None = None
    checkpoint: Checkpoint = "last"
    split: Split = "test"
    title: Title | None = None

    @property
    def name(self) -> str:
        """The title, or the experiment's key as words."""
        return self.title or humanise(self.experiment)


def humanise(key: str) -> str:
    """Return a key as words, the first with a capital: `learning_rate` gives `Learning rate`."""
    text = key.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def agrees(values: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Return whether a configuration has every value of `where`; 1 and 1.0 are the same.

    Raises
    ------
    ConfigurationError
        If `where` names a key that the configuration lacks.

    Examples
    --------
    >>> agrees({"hidden": 50, "learning_rate": 0.1}, {"hidden": 50})
    True
    """
    for key, value in where.items():
        if key not in values:
            raise ConfigurationError(
                f"`where` names {key!r}, which the experiment does not vary{nearest(key, values)}; "
                f"it varies {', '.join(values) or 'nothing'}"
            )
        if values[key] != value:
            return False
    return True
