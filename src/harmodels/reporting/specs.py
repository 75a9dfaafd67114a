"""What a table, figure or claim of a report's configuration needs; light enough for a Snakefile."""

from collections.abc import Mapping
from typing import Any

from harmodels.config.specs import parse_spec, published_in, published_runs_in, selections_of
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


def published_runs_of(spec: Spec, entries: Mapping[str, Spec]) -> dict[str, Spec]:
    """Return the entries of `published_runs` that a table, figure or claim is set beside.

    Those of the experiments whose runs it is made from, and those that it names besides.

    Parameters
    ----------
    spec
        One entry under `tables`, `figures` or `claims`.
    entries
        The section `published_runs` of the report.

    Examples
    --------
    >>> table = {"title": "t", "kind": "top_k", "experiments": ["a", "b"], "checkpoint": "last"}
    >>> published_runs_of(table, {"a": {"table": "a.csv"}, "c": {"table": "c.csv"}})
    {'a': {'table': 'a.csv'}}
    """
    wanted = [*experiments_of(spec), *published_runs_in(parse_spec(spec))]
    return {name: entries[name] for name in dict.fromkeys(wanted) if name in entries}


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
