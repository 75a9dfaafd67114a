"""Nested containers of tensors or arrays, seen as tensors by dotted name."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import Tensor

Leaf = Tensor | np.ndarray | np.generic


def named_tensors(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of a tree by dotted name; None stays, as a gradient that is missing."""
    if tree is None or isinstance(tree, Leaf):
        return {prefix.rstrip("."): tree}
    found: dict[str, Any] = {}
    for name, part in _parts(tree):
        found |= named_tensors(part, f"{prefix}{name}.")
    return found


def map_tensors(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return a tree of the same kind with `function` applied to each tensor or array."""
    if isinstance(tree, Leaf):
        return function(tree)
    if isinstance(tree, dict):
        return {name: map_tensors(function, part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        build = getattr(tree, "_make", type(tree))
        return build([map_tensors(function, part) for part in tree])
    if is_object(tree):
        changed = copy.copy(tree)
        for name, part in _parts(tree):
            object.__setattr__(changed, name, map_tensors(function, part))  # also of a frozen one
        return changed
    return tree


def is_object(tree: Any) -> bool:
    """Return whether attributes of an object of a plain class are tensors or arrays."""
    return not isinstance(tree, type) and any(map(_holds, getattr(tree, "__dict__", {}).values()))


def _holds(part: Any) -> bool:
    if isinstance(part, dict | list | tuple):
        return any(map(_holds, part.values() if isinstance(part, dict) else part))
    return isinstance(part, Leaf) or is_object(part)


def _parts(tree: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif hasattr(tree, "_fields"):
        yield from zip(tree._fields, tree, strict=True)
    elif isinstance(tree, list | tuple):
        yield from enumerate(tree)
    elif is_object(tree):
        yield from ((name, part) for name, part in vars(tree).items() if _holds(part))
    else:
        raise TypeError(
            f"a gradient or parameter is of type {type(tree).__name__}; give tensors or arrays, in "
            "a NamedTuple, a dict, a tuple or the attributes of an object"
        )
