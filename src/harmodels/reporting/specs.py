"""What a table, figure or claim of a report's configuration needs; light enough for a Snakefile."""

from typing import Any

Spec = dict[str, Any]


def experiments_of(spec: Spec) -> list[str]:
    """Return the experiments whose runs a table, figure or claim is made from, each once.

    Parameters
    ----------
    spec
        One entry under `tables`, `figures` or `claims` of `config/reports/*.yaml`.
    """
    places = (spec, spec.get("left", {}), spec.get("right", {}))
    return list(dict.fromkeys(place["experiment"] for place in places if "experiment" in place))


def published_of(spec: Spec) -> list[str]:
    """Return the files of `config/published` that a table is set beside, each once."""
    places = (spec, spec.get("left", {}), spec.get("right", {}))
    return list(
        dict.fromkeys(
            place["published"] for place in places if isinstance(place.get("published"), str)
        )
    )
