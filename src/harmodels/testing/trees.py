"""Nested NamedTuples, dicts and tuples of tensors, seen as tensors by dotted name."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor


def named_tensors(tree: Any, prefix: str = "") -> dict[str, Tensor | None]:
    """Return the leaves of a tree by dotted name; None stays, as a gradient that is missing."""
    if tree is None or isinstance(tree, Tensor):
        return {prefix.rstrip("."): tree}
    found: dict[str, Tensor | None] = {}
    for name, part in _parts(tree):
        found |= named_tensors(part, f"{prefix}{name}.")
    return found


def map_tensors(function: Callable[[Tensor], Tensor], tree: Any) -> Any:
    """Return a tree of the same kind with `function` applied to each tensor."""
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return {name: map_tensors(function, part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        build = getattr(tree, "_make", type(tree))
        return build([map_tensors(function, part) for part in tree])
    return tree


def _parts(tree: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif hasattr(tree, "_fields"):
        yield from zip(tree._fields, tree, strict=True)
    elif isinstance(tree, list | tuple):
        yield from enumerate(tree)
    else:
        raise TypeError(
            f"a tree of tensors holds {type(tree).__name__}; use a NamedTuple, a dict or a tuple"
        )
