"""The facts of a run, run.json, read and checked key by key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmodels.errors import ResultsError
from harmodels.files import read_json

Facts = Mapping[str, Any]

_NUMBER = (int, float)
_EPOCH = (int, type(None))
_FACTS = {
    "report": str,
    "dataset": str,
    "experiment": str,
    "name": str,
    "configuration": dict,
    "options": dict,
    "validation": bool,
    "classes": list,
    "seed": int,
    "engine": str,
    "device": str,
    "wall_time_s": _NUMBER,
    "replicates": list,
}
_OUTCOME = {"replicate": int, "epochs": int, "best_epoch": _EPOCH, "diverged_epoch": _EPOCH}


def read_facts(path: str | Path) -> Facts:
    """Read a run.json.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or lacks a key that every run has; it names file and key.
    """
    facts = read_json(path)
    wrong = _wrong_key(facts, _FACTS)
    if wrong is None:
        outcomes = facts["replicates"]
        wrong = "replicates" if not outcomes else None
        for place, outcome in enumerate(outcomes):
            key = _wrong_key(outcome, _OUTCOME)
            wrong = wrong if key is None else f"replicates[{place}].{key}"
    if wrong is not None:
        raise ResultsError(
            f"{path} is no record of a run: {wrong!r} is missing or of another type. "
            "Delete it and run snakemake again."
        )
    checked: Facts = facts
    return checked


def _wrong_key(facts: Any, kinds: Mapping[str, Any]) -> str | None:
    if not isinstance(facts, dict):
        return next(iter(kinds))
    return next(
        (key for key, kind in kinds.items() if not isinstance(facts.get(key, ...), kind)), None
    )
