"""Layers that read backwards: copies between the rows in the order of time and their own."""

from typing import Any

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.recurrent.passes import Layout


@inlined
def _turn(
    memory: np.ndarray, layout: Layout, lengths: np.ndarray, source: int, source_step: int,
    target: int, target_step: int, width: int, add: bool,
) -> None:  # fmt: skip
    """Write the rows at `source` to those at `target`, each sequence from its end.

    With `add` what is there stays a summand.
    """
    starts = layout.starts
    for b in range(len(lengths)):
        for t in range(lengths[b]):
            at = source + (starts[t] + b) * source_step
            to = target + (starts[lengths[b] - 1 - t] + b) * target_step
            for j in range(width):
                memory[to + j] = memory[at + j] + (memory[to + j] if add else np.float32(0))


@inlined
def turn_inputs(layer: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray) -> None:
    """Before a layer's forward pass: bring its inputs into its own order."""
    if layer.reverse:
        _turn(
            memory, layout, lengths, layer.shared_x, layer.x_step, layer.x, layer.x_step,
            layer.inputs, False,
        )  # fmt: skip


@inlined
def turn_outputs(layer: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray) -> None:
    """After it: bring its outputs into the order of time."""
    if layer.reverse and layer.shared_output >= 0:
        _turn(
            memory, layout, lengths, layer.output, layer.output_step, layer.shared_output,
            layer.shared_step, layer.width, False,
        )  # fmt: skip


@inlined
def turn_d_outputs(layer: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray) -> None:
    """Before a layer's backward pass: bring the gradient at its outputs into its own order."""
    if layer.reverse and layer.shared_output >= 0:
        _turn(
            memory, layout, lengths, layer.shared_d_output, layer.shared_step, layer.d_output,
            layer.d_output_step, layer.width, False,
        )  # fmt: skip


@inlined
def add_d_inputs(layer: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray) -> None:
    """After it: add the gradient at the inputs from the layer that reads them backwards."""
    if layer.d_x_reverse >= 0:
        _turn(
            memory, layout, lengths, layer.d_x_reverse, layer.x_step, layer.d_x, layer.x_step,
            layer.inputs, True,
        )  # fmt: skip
