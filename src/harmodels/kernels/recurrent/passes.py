"""Passes of the compiled recurrent classifier over one batch.

The steps of a batch lie as in `nn/packing.py`: its sequences are sorted by length, longest first,
and the rows are step 0 of all of them, then step 1 of those that have one, and so on. Offsets and
names: `plan`.
"""

from typing import Any, NamedTuple

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.recurrent.cells import step, step_back
from harmodels.kernels.recurrent.plan import TILE
from harmodels.kernels.simd.emitter import LANES, LINE
from harmodels.kernels.simd.products import transpose_block
from harmodels.kernels.simd.strided_product import PANEL, Size, View, product


class Layout(NamedTuple):
    """Which rows belong to which step."""

    sizes: np.ndarray  # (T + 1,) int64, sequences still running at a step; 0 after the last
    starts: np.ndarray  # (T + 1,) int64, the first row of a step
    one: np.ndarray  # (1,) float32, 1
    hidden_one: np.ndarray  # (1,) float32, 1, or 0 where the layers' biases do not move
    stop: np.ndarray  # (1,) int64, not zero once the result is no longer wanted


@inlined
def lay_out(layout: Layout, lengths: np.ndarray, begin: int, most: int) -> int:
    """Fill `layout` for the steps from `begin` on of sequences of these lengths, longest first.

    Returns how many steps it holds, at most `most`.
    """
    steps, running = min(most, lengths[0] - begin), len(lengths)
    layout.starts[0] = 0
    for t in range(steps + 1):
        while running > 0 and lengths[running - 1] <= begin + t:
            running -= 1
        layout.sizes[t] = running
        if t < steps:
            layout.starts[t + 1] = layout.starts[t] + running
    return steps


@inlined
def load(
    memory: np.ndarray, layer: Any, layout: Layout, begin: int, steps: int, frames: np.ndarray,
    first_frames: np.ndarray, channels: np.ndarray, columns: np.ndarray,
) -> None:  # fmt: skip
    """Copy the batch's frames from step `begin` on to the rows that the first layers read."""
    for t in range(steps):
        for b in range(layout.sizes[t]):
            at = layer.x + (layout.starts[t] + b) * layer.x_step
            frame = first_frames[b] + begin + t
            for k in range(len(channels)):
                memory[at + columns[k]] = frames[frame, channels[k]]
            if layer.joined > 0:
                memory[at - 1] = memory[at + layer.inputs] = 1


@inlined
def _project(
    layer: Any, head: Any, theta: np.ndarray, memory: np.ndarray, first: int, last: int
) -> None:
    """Write the input products of the rows from `first` to `last`, biases added, to the gates."""
    gates = layer.gates + first * layer.gates_step
    product(
        memory, View(layer.x + first * layer.x_step, layer.x_step, 1),
        theta, View(layer.weight_x, layer.weight_step, 1),
        memory, View(head.sums, 0, 1),
        memory, View(gates, layer.gates_step, 1),
        Size(last - first, layer.inputs, layer.gates_width),
    )  # fmt: skip
    if layer.recurrent_column > 0:  # q is no part of the input product
        q_column = layer.gates_width
        for row in range(last - first):
            at = gates + row * layer.gates_step + q_column
            for j in range(layer.width):
                memory[at + j] = memory[head.sums + q_column + j]


@inlined
def forward(
    cell: int, layer: Any, head: Any, theta: np.ndarray, transposes: np.ndarray,
    memory: np.ndarray, layout: Layout, begin: int, steps: int,
) -> None:  # fmt: skip
    """Run one layer over the steps of the batch from `begin` on, which follow those before.

    Without `transposes`, which may be empty, wide weights are read as they lie in `theta`.
    """
    starts, sizes = layout.starts, layout.sizes  # reading a field counts a reference
    for j in range(layer.recurrent_column + layer.gates_width):
        memory[head.sums + j] = 0
    for j in range(layer.gates_width):
        memory[head.sums + j] += theta[layer.bias_x + j]
    for j in range(layer.gates_width):
        memory[head.sums + layer.recurrent_column + j] += theta[layer.bias_h + j]
    stop, wide = layout.stop, layer.previous_step - layer.joined
    weights, weight_h = theta, View(layer.weight_h, layer.weight_step, 1)
    if layer.weight_h_p >= 0 and len(transposes) > 0:
        weights, weight_h = transposes, View(layer.weight_h_p, PANEL, layer.weight_h_p_column)
    if begin == 0:
        for b in range(sizes[0]):
            for j in range(wide):
                memory[layer.previous + b * layer.previous_step + j] = 0
    rows, ready = starts[steps], 0
    going_on = sizes[steps]  # after the last of these steps
    for t in range(steps):
        if stop[0] != 0:
            return
        row, size = starts[t], sizes[t]
        if row + size > ready and layer.joined == 0:
            first, ready = ready, min(rows, max(ready + TILE, row + size))
            _project(layer, head, theta, memory, first, ready)
        gates = layer.gates + row * layer.gates_step
        previous = layer.previous + row * layer.previous_step
        if layer.joined > 0:
            product(
                memory, View(previous - layer.inputs - 2, layer.previous_step, 1),
                theta, View(layer.bias_h, layer.weight_step, 1),
                memory, View(head.zeros, 0, 1),
                memory, View(gates, layer.gates_step, 1),
                Size(size, layer.inputs + 2 + layer.hidden, layer.gates_width),
            )  # fmt: skip
        elif begin + t > 0:
            recurrent = View(gates + layer.recurrent_column, layer.gates_step, 1)
            product(
                memory, View(previous, layer.previous_step, 1),
                weights, weight_h,
                memory, recurrent, memory, recurrent,
                Size(size, layer.hidden, layer.gates_width),
            )  # fmt: skip
        running = sizes[t + 1]
        output = layer.output + (0 if layer.last else row) * layer.output_step
        step(  # the sequences that go on
            cell, layer, memory, gates, previous, output,
            layer.previous + starts[t + 1] * layer.previous_step, layer.previous_step, 0, running,
        )  # fmt: skip
        step(  # those that end here
            cell, layer, memory, gates, previous, output,
            layer.previous + (rows + going_on) * layer.previous_step, 0, running, size,
        )  # fmt: skip
    for b in range(going_on):
        for j in range(wide):
            at = layer.previous + b * layer.previous_step + j
            memory[at] = memory[at + rows * layer.previous_step]


@inlined
def _gather(
    layer: Any, head: Any, memory: np.ndarray, gradient: np.ndarray, one: np.ndarray, first: int,
    last: int,
) -> None:  # fmt: skip
    """Add the gradients of the rows from `first` to `last`."""
    count, width, wide = last - first, layer.gates_width, layer.weight_step
    gates = layer.gates + first * layer.gates_step
    d_projected = View(gates, layer.gates_step, 1)
    d_recurrent = View(gates + layer.recurrent_column, layer.gates_step, 1)
    weight_x, weight_h = View(layer.weight_x, wide, 1), View(layer.weight_h, wide, 1)
    bias_x, bias_h, ones = View(layer.bias_x, 0, 1), View(layer.bias_h, 0, 1), View(0, 0, 0)
    transposed = View(head.transposed, head.transposed_step, 1)
    # joined, the rows of x, 1 and the states
    terms = layer.inputs + (1 + layer.hidden if layer.joined > 0 else 0)
    _write_transpose(
        memory, layer.x + first * layer.x_step, layer.x_step, count, terms,
        memory, transposed.at, transposed.row, 1,
    )  # fmt: skip
    product(
        memory, transposed, memory, d_projected, gradient, weight_x, gradient, weight_x,
        Size(terms, count, width),
    )  # fmt: skip
    if layer.joined > 0:
        for j in range(width):
            gradient[layer.bias_x + j] *= one[0]
            gradient[layer.bias_h + j] = gradient[layer.bias_x + j]
        return
    _write_transpose(
        memory, layer.previous + first * layer.previous_step, layer.previous_step, count,
        layer.hidden, memory, transposed.at, transposed.row, 1,
    )  # fmt: skip
    product(
        memory, transposed, memory, d_recurrent, gradient, weight_h, gradient, weight_h,
        Size(layer.hidden, count, width),
    )  # fmt: skip
    product(
        one, ones, memory, d_projected, gradient, bias_x, gradient, bias_x, Size(1, count, width)
    )
    if layer.recurrent_column == 0:  # both biases have the same gradient
        for j in range(width):
            gradient[layer.bias_h + j] = gradient[layer.bias_x + j]
    else:
        product(
            one, ones, memory, d_recurrent, gradient, bias_h, gradient, bias_h,
            Size(1, count, width),
        )  # fmt: skip


@inlined
def _inputs_back(
    layer: Any, head: Any, transposes: np.ndarray, memory: np.ndarray, rows: int,
    stop: np.ndarray,
) -> None:  # fmt: skip
    """Write the gradient at the inputs of all rows."""
    columns = (layer.inputs + LANES - 1) // LANES * LANES
    for first in range(0, rows, TILE):
        if stop[0] != 0:
            return
        product(
            memory, View(layer.gates + first * layer.gates_step, layer.gates_step, 1),
            transposes, View(layer.weight_x_t, layer.weight_x_t_step, 1),
            memory, View(head.zeros, 0, 1),
            memory, View(layer.d_x + first * layer.x_step, layer.x_step, 1),
            Size(min(TILE, rows - first), layer.gates_width, columns),
        )  # fmt: skip


@inlined
def backward(
    cell: int, layer: Any, head: Any, transposes: np.ndarray, memory: np.ndarray,
    gradient: np.ndarray, layout: Layout, steps: int,
) -> None:  # fmt: skip
    """Turn the layer's activations into gradients, from the last step back, and gather them."""
    starts, sizes, one = layout.starts, layout.sizes, layout.hidden_one
    rows = waiting = starts[steps]  # rows before `waiting` are not gathered yet
    stop, states = layout.stop, layer.previous_step
    for t in range(steps - 1, -1, -1):
        if stop[0] != 0:
            return
        row, size = starts[t], sizes[t]
        gates = layer.gates + row * layer.gates_step
        for b in range(sizes[t + 1], size):  # sequences that end here
            at = head.d_states + b * states
            for j in range(states):
                memory[at + j] = 0
            if layer.last:
                for j in range(layer.width):
                    memory[at + j] = memory[head.d_last_state + b * head.last_state_step + j]
        step_back(
            cell, layer, memory, gates, layer.previous + row * states, head.d_states,
            layer.d_output + row * layer.d_output_step, size,
        )  # fmt: skip
        if t > 0:
            d_states = View(head.d_states, states, 1)
            product(
                memory, View(gates + layer.recurrent_column, layer.gates_step, 1),
                transposes,
                View(layer.weight_h_t, layer.weight_h_t_step, layer.weight_h_t_column),
                memory, d_states, memory, d_states,
                Size(size, layer.gates_width - layer.width + layer.hidden, layer.width),
            )  # fmt: skip
        if waiting - row >= TILE or t == 0:
            _gather(layer, head, memory, gradient, one, row, waiting)
            waiting = row
    if layer.d_x >= 0:
        _inputs_back(layer, head, transposes, memory, rows, stop)


@inlined
def refresh_transposes(layers: Any, head: Any, theta: np.ndarray, transposes: np.ndarray) -> None:
    """Write the transposes of all weights that the backward pass multiplies by."""
    for layer in layers:
        width, wide = layer.gates_width, layer.weight_step
        if layer.d_x >= 0:
            _write_transpose(
                theta, layer.weight_x, wide, layer.inputs, width, transposes, layer.weight_x_t,
                layer.weight_x_t_step, 1,
            )  # fmt: skip
        _write_transpose(
            theta, layer.weight_h, wide, layer.hidden, width, transposes, layer.weight_h_t,
            layer.weight_h_t_step, layer.weight_h_t_column,
        )  # fmt: skip
        for i in range(layer.hidden if layer.weight_h_p >= 0 else 0):
            for j in range(0, width, PANEL):
                at = layer.weight_h_p + j // PANEL * layer.weight_h_p_column + i * PANEL
                for n in range(min(PANEL, width - j)):
                    transposes[at + n] = theta[layer.weight_h + i * wide + j + n]
    _write_transpose(
        theta, head.weight, head.weight_step, head.hidden, head.classes, transposes, head.weight_t,
        head.weight_t_step, 1,
    )  # fmt: skip


@inlined
def _write_transpose(
    source: np.ndarray, at: int, stride: int, rows: int, columns: int, target: np.ndarray,
    to: int, stride_t: int, column: int,
) -> None:  # fmt: skip
    """Write the transpose; rows and columns are rounded up to whole LANES; `column`: `View`."""
    for first in range(0, rows, LINE):  # a whole cache line of the target at a time
        for j in range(0, columns, LANES):
            for i in range(first, min(first + LINE, rows), LANES):
                place = to + j * stride_t
                place += i if column == 1 else i // PANEL * column + i % PANEL
                transpose_block(source, at + i * stride + j, stride, target, place, stride_t)
