"""What a table, figure or claim of a report's configuration needs; light enough for a Snakefile."""

from typing import Any

Spec = dict[str, Any]


def places_of(spec: Spec) -> list[Spec]:
    """Return every part of a specification that names an experiment, in the order shown.

    An experiment stands in the specification itself, on its `left` and `right`, or in one of the
    lists `experiments` (of names, or of parts like the others), `runs` and `panels`.
    """
    listed = [
        {"experiment": item} if isinstance(item, str) else item
        for key in ("experiments", "runs", "panels")
        for item in spec.get(key, ())
    ]
    places = [spec, spec.get("left", {}), spec.get("right", {}), *listed]
    return [place for place in places if "experiment" in place]


def experiments_of(spec: Spec) -> list[str]:
    """Return the experiments whose runs a table, figure or claim is made from, each once.

    Parameters
    ----------
    spec
        One entry under `tables`, `figures` or `claims` of `config/reports/*.yaml`.
    """
    return list(dict.fromkeys(place["experiment"] for place in places_of(spec)))


def published_of(spec: Spec) -> list[str]:
    """Return the files of `config/published` that a table is set beside, each once."""
    places = (spec, spec.get("left", {}), spec.get("right", {}))
    return list(
        dict.fromkeys(
            place["published"] for place in places if isinstance(place.get("published"), str)
        )
    )


def needs_subjects(spec: Spec) -> bool:
    """Return whether a table needs to know who was recorded in each sequence."""
    return spec.get("kind") == "subject_accuracy"
