"""Parameters are nested NamedTuples of tensors; these functions walk them."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

Tree = TypeVar("Tree", bound=tuple)  # type: ignore[type-arg]


def map_params(function: Callable[..., Tensor], tree: Tree, *others: Tree) -> Tree:
    """Apply `function` to each tensor of `tree` and the tensors at its place in `others`.

    Returns a tree of the same NamedTuples.
    """
    parts = zip(tree, *others, strict=True)
    mapped = [
        map_params(function, *part) if isinstance(part[0], tuple) else function(*part)
        for part in parts
    ]
    return type(tree)(*mapped)


def draw_replicates(
    draw: Callable[[np.random.Generator], Tree],
    generators: list[np.random.Generator],
    dtype: torch.dtype,
) -> Tree:
    """Return R networks, each drawn from a generator of its own."""
    drawn = [draw(generator) for generator in generators]
    return map_params(lambda *tensors: torch.stack(tensors).to(dtype), *drawn)


def state_dict(tree: tuple[Any, ...], prefix: str = "") -> dict[str, Tensor]:
    """Return the tensors by dotted name, for example `rnn.weight_hh`, in declaration order."""
    named: dict[str, Tensor] = {}
    for field, value in zip(tree._fields, tree, strict=True):  # type: ignore[attr-defined]
        if isinstance(value, tuple):
            named |= state_dict(value, f"{prefix}{field}.")
        else:
            named[prefix + field] = value
    return named


def load_state_dict(like: Tree, named: dict[str, Tensor], prefix: str = "") -> Tree:
    """Return a tree shaped as `like` with the tensors of `named`.

    A missing name is a KeyError; another shape, the replicate axis apart, a ValueError.
    """
    values: list[Any] = []
    for field, value in zip(like._fields, like, strict=True):  # type: ignore[attr-defined]
        if isinstance(value, tuple):
            values.append(load_state_dict(value, named, f"{prefix}{field}."))
            continue
        tensor = named[prefix + field]
        if tensor.shape[1:] != value.shape[1:]:
            raise ValueError(
                f"{prefix + field} has shape {tuple(tensor.shape[1:])}, "
                f"not {tuple(value.shape[1:])}"
            )
        values.append(tensor)
    return type(like)(*values)


def take_replicates(tree: Tree, replicates: list[int]) -> Tree:
    """Return the parameters of the replicates at these positions of axis R."""
    positions = torch.tensor(replicates, dtype=torch.int64)
    return map_params(lambda tensor: tensor.index_select(0, positions.to(tensor.device)), tree)


def put_replicates(tree: Tree, replicates: list[int], part: Tree) -> Tree:
    """Return `tree` with the replicates at these positions replaced by those of `part`."""
    positions = torch.tensor(replicates, dtype=torch.int64)

    def put(tensor: Tensor, new: Tensor) -> Tensor:
        return tensor.index_copy(0, positions.to(tensor.device), new)

    return map_params(put, tree, part)
