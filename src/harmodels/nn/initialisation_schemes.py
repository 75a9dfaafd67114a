"""Initialisation schemes: the default weights of Keras and of torch for each kind of layer."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harmodels.nn.initialisers import glorot_uniform, orthogonal, uniform, zeros
from harmodels.nn.linear import LinearParams
from harmodels.nn.recurrent import Cell, RecurrentParams

Random = np.random.Generator


class Scheme(NamedTuple):
    """Draws the layers of one network; the tensors have no replicate axis."""

    recurrent: Callable[[Random, Cell, int, int], RecurrentParams]  # generator, cell, D, H
    linear: Callable[[Random, int, int], LinearParams]  # generator, I, O


def _keras_recurrent(generator: Random, cell: Cell, channels: int, hidden: int) -> RecurrentParams:
    rows = cell.gates * hidden
    bias_ih = zeros(generator, (rows,))
    if cell.forget_gate is not None:
        bias_ih.view(cell.gates, hidden)[cell.gate_order.index(cell.forget_gate)] = 1
    return RecurrentParams(
        glorot_uniform(generator, (rows, channels)),
        orthogonal(generator, (rows, hidden)),
        bias_ih,
        zeros(generator, (rows,)),
    )


def _keras_linear(generator: Random, inputs: int, outputs: int) -> LinearParams:
    return LinearParams(glorot_uniform(generator, (outputs, inputs)), zeros(generator, (outputs,)))


def _torch_recurrent(generator: Random, cell: Cell, channels: int, hidden: int) -> RecurrentParams:
    draw, rows = uniform(1 / math.sqrt(hidden)), cell.gates * hidden
    shapes: list[tuple[int, ...]] = [(rows, channels), (rows, hidden), (rows,), (rows,)]
    return RecurrentParams(*(draw(generator, shape) for shape in shapes))


def _torch_linear(generator: Random, inputs: int, outputs: int) -> LinearParams:
    draw = uniform(1 / math.sqrt(inputs))
    return LinearParams(draw(generator, (outputs, inputs)), draw(generator, (outputs,)))


KERAS = Scheme(_keras_recurrent, _keras_linear)
"""Input weights Glorot uniform, recurrent ones orthogonal, each over all gates at once as Keras
draws them; biases zero, an LSTM's forget gate 1 (Jozefowicz et al., ICML 2015)."""

TORCH = Scheme(_torch_recurrent, _torch_linear)
"""Everything U[-1/√H, 1/√H]; dense layers U[-1/√I, 1/√I]."""

SCHEMES: dict[str, Scheme] = {"keras": KERAS, "torch": TORCH}
