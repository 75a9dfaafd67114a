"""Parameters of models that earlier versions saved, which new defaults would change."""

from inspect import signature
from typing import Any

# What a network was before it could be asked.
BEFORE: dict[str, Any] = {
    "bidirectional": False,
    "class_weight": None,
    "clip_norm": None,
    "pooling": "last",
    "scale": None,
    "schedule": "constant",
    "warm_start": False,
    "weight_decay": 0.0,
}


def complete(kind: type, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a model.json of format 1, with those that it does not know."""
    known = signature(kind).parameters
    every = {name: value for name, value in BEFORE.items() if name in known} | parameters
    for training, names in getattr(kind, "_of_training", {}).items():
        if training != every["training"]:  # saved with defaults that no training read
            every = {name: value for name, value in every.items() if name not in names}
    return every
