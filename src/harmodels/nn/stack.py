"""Stacked recurrent layers: the output sequence of one is the input sequence of the next.

A bidirectional stack has two layers at each height, the second of which reads its sequences from
the last step to the first; what lies above reads the outputs of both, joined (Schuster and Paliwal,
IEEE Transactions on Signal Processing 45, 1997, and torch.nn). Derivation:
docs/derivations/packing.md.

The layers are fields of a NamedTuple, so that `nn/params.py` walks them and each has a name
(`layer0.weight_ih`, `layer0_reverse.weight_ih`); their number is configuration, so the type is
created on demand.
"""

import functools
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harmodels.nn import packing, recurrent
from harmodels.nn.packing import PackedLayout
from harmodels.nn.recurrent import Cell, RecurrentParams

StackParams = Any  # a NamedTuple of RecurrentParams: layer0, layer1, …, each with its _reverse
_NAMES = {1: "StackOf", 2: "BidirectionalStackOf"}  # by the number of directions


@functools.cache
def _type_of(layers: int, directions: int) -> Any:
    fields = [
        (f"layer{index}{suffix}", RecurrentParams)
        for index in range(layers)
        for suffix in ("", "_reverse")[:directions]
    ]
    return NamedTuple(f"{_NAMES[directions]}{layers}", fields)


def __getattr__(name: str) -> Any:
    # pickle looks a type up by its name, which may come before any stack of that height
    for directions, prefix in _NAMES.items():
        if name.startswith(prefix) and name.removeprefix(prefix).isdecimal():
            return _type_of(int(name.removeprefix(prefix)), directions)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def stack(layers: list[RecurrentParams], directions: int = 1) -> StackParams:
    """Return the layers, the lowest first, as a NamedTuple with fields layer0, layer1 and so on.

    With two `directions` each is followed by the one that reads backwards, layer0_reverse.
    """
    return _type_of(len(layers) // directions, directions)(*layers)


def levels(params: StackParams) -> list[tuple[RecurrentParams, ...]]:
    """Return the layers height by height, one or both directions of each."""
    directions = 2 if "layer0_reverse" in params._fields else 1
    return [tuple(params[at : at + directions]) for at in range(0, len(params), directions)]


def forward(
    cell: Cell, params: StackParams, batch: PackedLayout, inputs: Tensor
) -> tuple[Tensor, list[recurrent.RecurrentCache]]:
    """Run R stacks over packed sequences (R, S, D).

    Returns the states of the highest layer (R, S, H) and a cache for each layer. Of a bidirectional
    stack they are (R, S, 2·H), each direction in its own order: the last step of a sequence is the
    last that each direction has read.
    """
    caches, outputs = [], [inputs]
    for level in levels(params):
        inputs = _joined(_by_direction(batch, outputs))
        outputs = []
        for layer, read in zip(level, _by_direction(batch, [inputs] * len(level)), strict=True):
            states, cache = recurrent.forward(cell, layer, batch.size_at_t, read)
            outputs.append(states)
            caches.append(cache)
    return _joined(outputs), caches


def backward(
    cell: Cell,
    params: StackParams,
    batch: PackedLayout,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> tuple[Tensor, StackParams]:
    """Propagate `d_outputs` (R, S, H or 2·H) to the inputs (R, S, D) and the parameters."""
    d_lower, upper = _above_the_lowest(cell, params, batch, caches, d_outputs)
    lowest = levels(params)[0]
    d_inputs, d_lowest = _level_back(cell, lowest, batch, caches[: len(lowest)], d_lower)
    return d_inputs, stack([*d_lowest, *upper], len(lowest))


def backward_to_params(
    cell: Cell,
    params: StackParams,
    batch: PackedLayout,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> StackParams:
    """Propagate as `backward`, without the gradient at the inputs."""
    d_lower, upper = _above_the_lowest(cell, params, batch, caches, d_outputs)
    lowest = levels(params)[0]
    d_lowest = [
        recurrent.backward_to_params(cell, layer, cache, d_states)
        for layer, cache, d_states in zip(lowest, caches, d_lower, strict=False)
    ]
    return stack([*d_lowest, *upper], len(lowest))


def _above_the_lowest(
    cell: Cell,
    params: StackParams,
    batch: PackedLayout,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> tuple[list[Tensor], list[RecurrentParams]]:
    """Return the gradients at the lowest layers' outputs and at the parameters of those above."""
    heights = levels(params)
    directions = len(heights[0])
    each = list(d_outputs.chunk(directions, dim=-1))
    upper: list[RecurrentParams] = []
    for height in range(len(heights) - 1, 0, -1):
        own = caches[height * directions : (height + 1) * directions]
        d_inputs, d_level = _level_back(cell, heights[height], batch, own, each)
        each = _by_direction(batch, list(d_inputs.chunk(directions, dim=-1)))
        upper = [*d_level, *upper]
    return each, upper


def _level_back(
    cell: Cell,
    level: tuple[RecurrentParams, ...],
    batch: PackedLayout,
    caches: list[recurrent.RecurrentCache],
    d_states: list[Tensor],
) -> tuple[Tensor, list[RecurrentParams]]:
    """Return the gradient at the inputs, which the directions share, and at the parameters."""
    runs = [recurrent.backward(cell, *part) for part in zip(level, caches, d_states, strict=True)]
    first, *others = _by_direction(batch, [d_inputs for d_inputs, _ in runs])
    return sum(others, first), [d_layer for _, d_layer in runs]


def _by_direction(batch: PackedLayout, each: list[Tensor]) -> list[Tensor]:
    """Turn what the second direction has from its own order into that of time, or back."""
    return [each[0], *(packing.turn(batch, one) for one in each[1:])]


def _joined(outputs: list[Tensor]) -> Tensor:
    return torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]
