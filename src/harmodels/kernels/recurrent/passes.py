"""Passes of the compiled recurrent classifier over one batch.

The steps of a batch lie as in `nn/packing.py`: its sequences are sorted by length, longest first,
and the rows are step 0 of all of them, then step 1 of those that have one, and so on. Offsets and
names: `plan`.
"""

from typing import Any, NamedTuple

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.recurrent.cells import GRU, step, step_back
from harmodels.kernels.simd.emitter import LANES
from harmodels.kernels.simd.products import transpose
from harmodels.kernels.simd.strided_product import product

# Rows whose inputs are multiplied, and whose gradients are gathered, while they are in the
# second-level cache.
TILE = 96


class Batch(NamedTuple):
    """Which rows belong to which step."""

    sizes: np.ndarray  # (T + 1,) int64, sequences still running at a step; 0 after the last
    starts: np.ndarray  # (T + 1,) int64, the first row of a step
    one: np.ndarray  # (1,) float32, 1


@inlined
def lay_out(batch: Batch, lengths: np.ndarray) -> int:
    """Fill `batch` for sequences of these lengths, longest first; return the number of steps."""
    steps, running = lengths[0], len(lengths)
    batch.starts[0] = 0
    for t in range(steps):
        while lengths[running - 1] <= t:
            running -= 1
        batch.sizes[t] = running
        batch.starts[t + 1] = batch.starts[t] + running
    batch.sizes[steps] = 0
    return steps


@inlined
def load(
    memory: np.ndarray, layer: Any, batch: Batch, steps: int, frames: np.ndarray,
    first_frames: np.ndarray, channels: np.ndarray, columns: np.ndarray,
) -> None:  # fmt: skip
    """Copy the batch's frames to the rows that the first layers read."""
    for t in range(steps):
        for b in range(batch.sizes[t]):
            at = layer.x + (batch.starts[t] + b) * layer.x_step
            frame = first_frames[b] + t
            for k in range(len(channels)):
                memory[at + columns[k]] = frames[frame, channels[k]]


@inlined
def _project(
    cell: int, layer: Any, head: Any, theta: np.ndarray, memory: np.ndarray, first: int, last: int
) -> None:
    """Write the input products of the rows from `first` to `last`, biases added, to the gates."""
    gates = layer.gates + first * layer.gates_step
    product(
        memory, layer.x + first * layer.x_step, layer.x_step, 1, last - first,
        theta, layer.weight_x, layer.weight_step, layer.inputs, layer.gates_width,
        memory, head.sums, 0, memory, gates, layer.gates_step,
    )  # fmt: skip
    if cell == GRU:  # q is no part of the input product
        q_column = layer.gates_width
        for row in range(last - first):
            at = gates + row * layer.gates_step + q_column
            for j in range(layer.width):
                memory[at + j] = memory[head.sums + q_column + j]


@inlined
def forward(
    cell: int, layer: Any, head: Any, theta: np.ndarray, memory: np.ndarray, batch: Batch,
    steps: int,
) -> None:  # fmt: skip
    """Run one layer over the batch."""
    for j in range(layer.recurrent_column + layer.gates_width):
        memory[head.sums + j] = 0
    for j in range(layer.gates_width):
        memory[head.sums + j] += theta[layer.bias_x + j]
    for j in range(layer.gates_width):
        memory[head.sums + layer.recurrent_column + j] += theta[layer.bias_h + j]
    for j in range(batch.sizes[0] * layer.previous_step):
        memory[layer.previous + j] = 0
    rows, ready = batch.starts[steps], 0
    for t in range(steps):
        row, size = batch.starts[t], batch.sizes[t]
        if row + size > ready:
            first, ready = ready, min(rows, max(ready + TILE, row + size))
            _project(cell, layer, head, theta, memory, first, ready)
        gates = layer.gates + row * layer.gates_step
        previous = layer.previous + row * layer.previous_step
        if t > 0:
            product(
                memory, previous, layer.previous_step, 1, size, theta, layer.weight_h,
                layer.weight_step, layer.hidden, layer.gates_width, memory,
                gates + layer.recurrent_column, layer.gates_step, memory,
                gates + layer.recurrent_column, layer.gates_step,
            )  # fmt: skip
        for b in range(size):
            next_row = batch.starts[t + 1] + b if b < batch.sizes[t + 1] else rows
            out = b if layer.last else row + b
            step(
                cell, memory, gates + b * layer.gates_step, previous + b * layer.previous_step,
                layer.output + out * layer.output_step,
                layer.previous + next_row * layer.previous_step, layer.width,
            )  # fmt: skip


@inlined
def _gather(
    layer: Any, memory: np.ndarray, gradient: np.ndarray, one: np.ndarray, first: int, last: int
) -> None:
    """Add the gradients of the rows from `first` to `last`."""
    count, width, wide = last - first, layer.gates_width, layer.weight_step
    d_gates = layer.gates + first * layer.gates_step
    d_recurrent = d_gates + layer.recurrent_column
    x, previous = layer.x + first * layer.x_step, layer.previous + first * layer.previous_step
    product(
        memory, x, 1, layer.x_step, layer.inputs, memory, d_gates, layer.gates_step, count, width,
        gradient, layer.weight_x, wide, gradient, layer.weight_x, wide,
    )  # fmt: skip
    product(
        memory, previous, 1, layer.previous_step, layer.hidden, memory, d_recurrent,
        layer.gates_step, count, width, gradient, layer.weight_h, wide, gradient, layer.weight_h,
        wide,
    )  # fmt: skip
    product(
        one, 0, 0, 0, 1, memory, d_gates, layer.gates_step, count, width,
        gradient, layer.bias_x, 0, gradient, layer.bias_x, 0,
    )  # fmt: skip
    product(
        one, 0, 0, 0, 1, memory, d_recurrent, layer.gates_step, count, width,
        gradient, layer.bias_h, 0, gradient, layer.bias_h, 0,
    )  # fmt: skip


@inlined
def _inputs_back(
    layer: Any, head: Any, transposes: np.ndarray, memory: np.ndarray, rows: int
) -> None:
    """Write the gradient at the inputs of all rows."""
    columns = (layer.inputs + LANES - 1) // LANES * LANES
    for first in range(0, rows, TILE):
        product(
            memory, layer.gates + first * layer.gates_step, layer.gates_step, 1,
            min(TILE, rows - first), transposes, layer.weight_x_t, layer.weight_x_t_step,
            layer.gates_width, columns, memory, head.zeros, 0, memory,
            layer.d_x + first * layer.x_step, layer.x_step,
        )  # fmt: skip


@inlined
def backward(
    cell: int, layer: Any, head: Any, transposes: np.ndarray, memory: np.ndarray,
    gradient: np.ndarray, batch: Batch, steps: int,
) -> None:  # fmt: skip
    """Turn the layer's activations into gradients, from the last step back, and gather them."""
    rows = waiting = batch.starts[steps]  # rows before `waiting` are not gathered yet
    states = layer.previous_step
    for t in range(steps - 1, -1, -1):
        row, size = batch.starts[t], batch.sizes[t]
        gates = layer.gates + row * layer.gates_step
        for b in range(batch.sizes[t + 1], size):  # sequences that end here
            d_states = head.d_states + b * states
            for j in range(states):
                memory[d_states + j] = 0
            if layer.last:
                for j in range(layer.width):
                    memory[d_states + j] = memory[head.d_last_state + b * head.last_state_step + j]
        for b in range(size):
            step_back(
                cell, memory, gates + b * layer.gates_step,
                layer.previous + (row + b) * layer.previous_step, head.d_states + b * states,
                layer.d_output + (row + b) * layer.d_output_step, layer.width,
            )  # fmt: skip
        if t > 0:
            product(
                memory, gates + layer.recurrent_column, layer.gates_step, 1, size, transposes,
                layer.weight_h_t, layer.weight_h_t_step, layer.gates_width, layer.width,
                memory, head.d_states, states, memory, head.d_states, states,
            )  # fmt: skip
        if waiting - row >= TILE or t == 0:
            _gather(layer, memory, gradient, batch.one, row, waiting)
            waiting = row
    if layer.d_x >= 0:
        _inputs_back(layer, head, transposes, memory, rows)


@inlined
def refresh_transposes(layers: Any, head: Any, theta: np.ndarray, transposes: np.ndarray) -> None:
    """Write the transposes of all weights that the backward pass multiplies by."""
    for layer in layers:
        width, wide = layer.gates_width, layer.weight_step
        if layer.d_x >= 0:
            _write_transpose(
                theta, layer.weight_x, wide, layer.inputs, width, transposes, layer.weight_x_t,
                layer.weight_x_t_step,
            )  # fmt: skip
        _write_transpose(
            theta, layer.weight_h, wide, layer.hidden, width, transposes, layer.weight_h_t,
            layer.weight_h_t_step,
        )  # fmt: skip
    _write_transpose(
        theta, head.weight, head.weight_step, head.hidden, head.classes, transposes, head.weight_t,
        head.weight_t_step,
    )  # fmt: skip


@inlined
def _write_transpose(
    theta: np.ndarray, at: int, stride: int, rows: int, columns: int, transposes: np.ndarray,
    to: int, stride_t: int,
) -> None:  # fmt: skip
    source = theta[at : at + rows * stride].reshape(rows, stride)
    target = transposes[to : to + columns * stride_t].reshape(columns, stride_t)
    transpose(source, rows, columns, target)
