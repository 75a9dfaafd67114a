"""What a table, figure or claim of a report's configuration needs; light enough for a Snakefile."""

from collections.abc import Mapping
from typing import Any

from harmodels.config.specs import parse_spec, published_in, selections_of
from harmodels.config.specs.figures import ProtocolDots
from harmodels.config.specs.tables import (
    Choices,
    ClassRecall,
    LastAgainstBest,
    Protocols,
    SideBySide,
    SubjectAccuracy,
    TopK,
)

Spec = Mapping[str, Any]  # an entry as the configuration writes it


def experiments_of(spec: Spec) -> list[str]:
    """Return the experiments whose runs a table, figure or claim is made from, each once.

    Parameters
    ----------
    spec
        One entry under `tables`, `figures` or `claims` of `config/reports/*.yaml`.

    Examples
    --------
    >>> experiments_of({"title": "t", "kind": "top_k", "experiments": ["a", "b"],
    ...                 "checkpoint": "last"})
    ['a', 'b']
    """
    return list(dict.fromkeys(part.experiment for part in selections_of(parse_spec(spec))))


def published_of(spec: Spec) -> list[str]:
    """Return the files of `config/published` that a table is set beside, each once."""
    return published_in(parse_spec(spec))


def needs_subjects(spec: Spec) -> bool:
    """Return whether a table or figure needs to know who was recorded in each sequence.

    Accuracies of subjects do, and accuracies and recalls on test sequences, for their intervals
    over people.

    Examples
    --------
    >>> table = {"title": "t", "kind": "top_k", "experiment": "a", "checkpoint": "last"}
    >>> needs_subjects(table), needs_subjects(table | {"split": "train"})
    (True, False)
    """
    match parse_spec(spec):
        case SubjectAccuracy() | LastAgainstBest() | Choices() | Protocols() | ProtocolDots():
            return True
        case TopK(split=split) | ClassRecall(split=split):
            return split == "test"
        case SideBySide(left=left, right=right):
            return "test" in (left.selection.split, right.selection.split)
        case _:
            return False
