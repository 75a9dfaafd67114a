"""Stacked recurrent layers: the output sequence of one is the input sequence of the next.

The layers are fields of a NamedTuple, so that `nn/params.py` walks them and each has a name
(`layer0.weight_ih`); their number is configuration, so the type is created on demand.
"""

import functools
from typing import Any, NamedTuple

from torch import Tensor

from harmodels.nn import recurrent
from harmodels.nn.recurrent import Cell, RecurrentParams

StackParams = Any  # a NamedTuple with fields layer0, layer1, … of RecurrentParams


@functools.cache
def _type_of(layers: int) -> Any:
    fields = [(f"layer{index}", RecurrentParams) for index in range(layers)]
    return NamedTuple(f"StackOf{layers}", fields)


def __getattr__(name: str) -> Any:
    # pickle looks a type up by its name, which may come before any stack of that height
    if name.startswith("StackOf") and name.removeprefix("StackOf").isdecimal():
        return _type_of(int(name.removeprefix("StackOf")))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def stack(layers: list[RecurrentParams]) -> StackParams:
    """Return the layers, the lowest first, as a NamedTuple with fields layer0, layer1 and so on."""
    return _type_of(len(layers))(*layers)


def forward(
    cell: Cell, params: StackParams, size_at_t: list[int], inputs: Tensor
) -> tuple[Tensor, list[recurrent.RecurrentCache]]:
    """Run R stacks over packed sequences (R, S, D).

    Returns the states of the highest layer (R, S, H) and a cache for each layer.
    """
    caches = []
    outputs = inputs
    for layer in params:
        outputs, cache = recurrent.forward(cell, layer, size_at_t, outputs)
        caches.append(cache)
    return outputs, caches


def backward(
    cell: Cell,
    params: StackParams,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> tuple[Tensor, StackParams]:
    """Propagate `d_outputs` (R, S, H) to the inputs (R, S, D) and the parameters."""
    d_lower, upper = _above_the_lowest(cell, params, caches, d_outputs)
    d_inputs, d_lowest = recurrent.backward(cell, params[0], caches[0], d_lower)
    return d_inputs, stack([d_lowest, *upper])


def backward_to_params(
    cell: Cell,
    params: StackParams,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> StackParams:
    """Propagate as `backward`, without the gradient at the inputs."""
    d_lower, upper = _above_the_lowest(cell, params, caches, d_outputs)
    return stack([recurrent.backward_to_params(cell, params[0], caches[0], d_lower), *upper])


def _above_the_lowest(
    cell: Cell,
    params: StackParams,
    caches: list[recurrent.RecurrentCache],
    d_outputs: Tensor,
) -> tuple[Tensor, list[RecurrentParams]]:
    """Return the gradient at the lowest layer's outputs and at the parameters of those above."""
    upper: list[RecurrentParams] = []
    for layer, cache in zip(reversed(params[1:]), reversed(caches[1:]), strict=True):
        d_outputs, d_layer = recurrent.backward(cell, layer, cache, d_outputs)
        upper.insert(0, d_layer)
    return d_outputs, upper
