"""What a table, figure or claim of a report's configuration needs; light enough for a Snakefile."""

from collections.abc import Mapping
from typing import Any

from harmodels.config.specs import parse_spec, published_in, selections_of
from harmodels.config.specs.tables import SubjectAccuracy

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
    """Return whether a table needs to know who was recorded in each sequence."""
    return isinstance(parse_spec(spec), SubjectAccuracy)
