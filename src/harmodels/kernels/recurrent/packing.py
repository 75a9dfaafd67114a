"""Parameters of a recurrent classifier to and from the flat array of its plan."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from harmodels.kernels.recurrent.cells import KINDS
from harmodels.kernels.recurrent.plan import Plan, Shape
from harmodels.kernels.simd.emitter import zeros
from harmodels.nn.params import Tree, map_params, state_dict

# From a tree of tensors and a replicate to that replicate's arrays, which share the tensors'
# memory: those of each layer, in the order of RecurrentParams, and the output layer's.
Arrays = Callable[[Any, int], tuple[list[list[np.ndarray]], list[np.ndarray]]]


def _pairs(
    plan: Plan, shapes: list[Shape], flat: np.ndarray, arrays_of: Arrays, params: Any,
    replicate: int,
) -> Iterator[tuple[np.ndarray, Any, np.ndarray]]:  # fmt: skip
    """Yield (place, index, array): `place[index]` of the flat array is that part of a tensor."""

    def place(at: int, rows: int, step: int) -> np.ndarray:
        return flat[at : at + rows * step].reshape(rows, step)

    layers, (weight, bias) = arrays_of(params, replicate)
    for layer, shape, arrays in zip(plan.layers, shapes, layers, strict=True):
        H, width, step = (int(layer[name]) for name in ("hidden", "width", "weight_step"))
        order = KINDS[plan.cell].order
        columns = shape.columns - shape.columns[0]
        inputs = place(layer["weight_x"], int(layer["inputs"]), step)
        states = place(layer["weight_h"], H, step)
        bias_x, bias_h = (place(layer[name], 1, step)[0] for name in ("bias_x", "bias_h"))
        for block, gate in enumerate(order):
            at, rows = slice(block * width, block * width + H), slice(gate * H, gate * H + H)
            yield inputs, (columns, at), arrays[0][rows].T
            yield bias_x, at, arrays[2][rows]
        for gate in range(len(order)):
            at, rows = slice(gate * width, gate * width + H), slice(gate * H, gate * H + H)
            yield states, (slice(None), at), arrays[1][rows].T
            yield bias_h, at, arrays[3][rows]
    head = plan.head[0]
    classes, H, step = (int(head[name]) for name in ("classes", "hidden", "weight_step"))
    yield place(head["weight"], H, step), (slice(None), slice(classes)), weight.T
    yield place(head["bias"], 1, step)[0], slice(classes), bias


class Packing:
    """Where the elements of one replicate's parameters lie in the flat array of a plan."""

    def __init__(self, plan: Plan, shapes: list[Shape], arrays_of: Arrays, like: Any) -> None:
        sizes = [tensor[0].numel() for tensor in state_dict(like).values()]
        starts = iter(np.cumsum([0, *sizes]).tolist())
        numbers = map_params(  # from 1
            lambda t: torch.arange(1, t[0].numel() + 1).view(1, *t.shape[1:]) + next(starts), like
        )
        flat = np.zeros(plan.theta, np.int64)
        for place, index, array in _pairs(plan, shapes, flat, arrays_of, numbers, 0):
            place[index] = array
        used = np.flatnonzero(flat)
        places = np.empty(len(used), np.int64)
        places[flat[used] - 1] = used
        self.size, self.places = plan.theta, np.split(places, np.cumsum(sizes)[:-1])

    def pack(self, params: Any) -> np.ndarray:
        """Return the parameters as flat arrays (R, size)."""
        tensors = list(state_dict(params).values())
        flats = zeros(len(tensors[0]), self.size)
        for tensor, places in zip(tensors, self.places, strict=True):
            flats[:, places] = tensor.flatten(1).numpy()
        return flats

    def unpack(self, flats: np.ndarray, like: Tree) -> Tree:
        """Return flat arrays (R, size) as new tensors, shaped as `like`."""
        parts = (torch.from_numpy(flats.take(places, axis=1)) for places in self.places)
        return map_params(lambda tensor: next(parts).reshape(tensor.shape), like)
