"""The keys by which a table, figure or claim selects runs, and what they select."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from harmodels.config.base import Key, Record, Text, key, wrong
from harmodels.errors import ConfigurationError
from harmodels.messages import nearest, shown

Checkpoint = Literal["last", "best"]
SplitName = Literal["train", "validation", "test"]
Criterion = Literal["validation_accuracy", "validation_loss"]
Scale = Literal["linear", "log"]

CHECKPOINT = "Weights after the last epoch, or at the lowest validation loss."
TITLE = "What a reader sees above it."
OPTION = "A key of the experiment's grid."
SCALE = "Of the option's axis."


def _check_values(where: dict[Any, Any]) -> dict[Any, Any]:
    if not where:
        raise wrong("{} should map keys of the grid to their values")
    for name, value in where.items():
        if not isinstance(value, int | float | str | None):
            raise wrong(f"{shown(name)}: {shown(value)} should be a number, text, boolean or null")
    return where


Where = Annotated[dict[str, Any], AfterValidator(_check_values)]


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
        The name of the runs; None where the experiment's key will do.
    """

    experiment: str
    where: Mapping[str, Any] = field(default_factory=dict)
    choose: Criterion | None = None
    checkpoint: Checkpoint = "last"
    split: SplitName = "test"
    title: str | None = None

    @property
    def name(self) -> str:
        """The title, or the experiment's key as words."""
        return self.title or humanise(self.experiment)


class Selecting(Record):
    """Keys that select configurations of an experiment."""

    experiment: Key = key(..., "Key of an experiment of the same report.")
    where: Where = key(
        {}, "Values of the experiment's grid; only configurations that agree with all are taken."
    )

    @property
    def selection(self) -> Selection:
        """What the keys select that an entry has itself; its title is not that of the runs."""
        return replace(self.selection_in(self), title=None)

    def selection_in(self, outer: Record) -> Selection:
        """Return the selection, with checkpoint and split of the outer entry if it has none."""
        given = {name: getattr(self, name, None) for name in Selection.__dataclass_fields__}
        for name in ("checkpoint", "split"):
            if given[name] is None:
                given[name] = getattr(outer, name, None)
        return Selection(**{name: value for name, value in given.items() if value is not None})


class Choosing(Selecting):
    """Keys that select configurations, or one of them by validation data."""

    choose: Criterion | None = key(
        None,
        "Of the configurations meant, only the one with the highest accuracy or the lowest loss "
        "on validation data, mean over replicates; equal accuracies are told apart by the loss, "
        "equal losses by the grid's order.",
    )


class OfCheckpoint(Record):
    """The key of the weights."""

    checkpoint: Checkpoint = key(..., CHECKPOINT)


class OfSplit(Record):
    """The key of the sequences."""

    split: SplitName = key("test", "Which sequences.")


class Titled(Record):
    """The key of a title."""

    title: Text = key(..., TITLE)


class Listed(Selecting):
    """A selection in a list, which may be the key of an experiment alone."""

    title: Text | None = key(None, TITLE)

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, given: Any) -> Any:
        return {"experiment": given} if isinstance(given, str) else given


class ListedWeights(Listed):
    """A selection in a list, of weights of its own or those of the entry around it."""

    checkpoint: Checkpoint | None = key(None, "In place of the entry's own.")


def humanise(text: str) -> str:
    """Return a key as words, the first with a capital: `learning_rate` gives `Learning rate`."""
    text = text.replace("_", " ").strip()
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
    for name, value in where.items():
        if name not in values:
            raise ConfigurationError(
                f"`where` names {name!r}, which the experiment does not vary"
                f"{nearest(name, values)}; it varies {', '.join(values) or 'nothing'}"
            )
        if values[name] != value:
            return False
    return True
