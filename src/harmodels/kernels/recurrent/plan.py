"""Memory layout of a recurrent classifier: flat arrays, and records of offsets into them.

`theta` holds one replicate's parameters, and the gradient and both moments of Adam are arrays of
the same layout, so that the update is one loop. `transposes` holds the transposes of the weights,
`memory` all that the passes write for a batch. A matrix is an offset and the step from row to
row. Widths are rounded up to whole vector registers; the padding of parameters is zero and stays
zero. Steps are odd numbers of cache lines: with a power of two the rows of a column would share
a few places of the first-level cache.

The layers are in the order of the forward pass. Those of the hierarchy's fingers are layers like
others, which read and write columns of their own. So is a layer that reads backwards; it runs on
rows of its own, in the order of its steps, which `directions` copies from and to the shared rows.
"""

from typing import NamedTuple

import numpy as np

from harmodels.kernels.recurrent.cells import CELLS, KINDS
from harmodels.kernels.simd.emitter import LINE, odd_lines, padded
from harmodels.kernels.simd.strided_product import FAR, PANEL
from harmodels.nn.pooling import POOLINGS

# Rows whose inputs are multiplied, and whose gradients are gathered, while they are in the
# second-level cache.
TILE = 96
_LAYER_FIELDS = """
    inputs hidden width gates_width recurrent_column last joined
    weight_x weight_h weight_step bias_x bias_h
    weight_x_t weight_x_t_step weight_h_t weight_h_t_step weight_h_t_column
    weight_h_p weight_h_p_column
    x x_step gates gates_step previous previous_step output output_step
    d_output d_output_step d_x
    reverse shared_x shared_output shared_d_output shared_step d_x_reverse
"""
# inputs, hidden: columns of x and units; width: of a gate, rounded up; gates_width: of all gates;
# recurrent_column: the column of `gates` where those of the recurrent product begin; last: 1 in the
# layer whose last state is classified, with nothing pooled; joined: 0, or how many columns lie in
# front of the states, the last of which are 1, x and 1. The rest are offsets and steps. output has
# a row a sequence in that layer, else a row a step; d_x is -1 where nobody asks for it. reverse: 1
# in a layer that reads backwards; shared_…: its rows in the order of time, those of the output -1
# where nothing lies above; d_x_reverse: d_x of the layer that reads the same rows backwards, or -1;
# weight_h_p: a copy of wide weights in panels, or -1; …_column: how far panels are apart, or 1.
LAYER = np.dtype([(name, np.int64) for name in _LAYER_FIELDS.split()])
_HEAD_FIELDS = """
    classes hidden width weight weight_step bias weight_t weight_t_step
    last_state last_state_step last_state_width dropped d_last_state
    logits logits_step d_logits d_states d_states_step sums zeros transposed transposed_step
    pooled end mean maximum work work_step
"""
# hidden: columns that the output layer reads; pooled: how many of the layers, the last ones, are
# pooled; end, mean, maximum: the first column of each of these, or -1 (`pooling`).
HEAD = np.dtype([(name, np.int64) for name in _HEAD_FIELDS.split()])


class Shape(NamedTuple):
    """A layer before it has a place: its columns of the level below and its units."""

    level: int
    columns: np.ndarray  # places of its inputs among the columns of the level below
    hidden: int
    reverse: bool = False  # reads backwards


class Plan(NamedTuple):
    """Records of offsets and the sizes of the flat arrays."""

    cell: int
    layers: np.ndarray  # (L,) of LAYER
    head: np.ndarray  # (1,) of HEAD
    theta: int
    transposes: int
    memory: int


class _Space:
    """Offsets handed out one after another."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, rows: int, step: int) -> int:
        at = self.size
        self.size += -(-rows * step // LINE) * LINE
        return at


def stacked(layers: int, inputs: int, hidden: int, *, bidirectional: bool = False) -> list[Shape]:
    """Return the shapes of stacked layers."""
    directions = (False, True)[: 1 + bidirectional]
    below = padded(hidden) * np.arange(len(directions))[:, None] + np.arange(hidden)
    return [
        Shape(level, below.ravel() if level else np.arange(inputs), hidden, reverse)
        for level in range(layers)
        for reverse in directions
    ]


def hierarchical(fingers: int, inputs: int, finger_hidden: int, hand_hidden: int) -> list[Shape]:
    """Return the shapes of one layer a finger and a layer that reads them side by side."""
    below = [
        Shape(0, finger * padded(inputs) + np.arange(inputs), finger_hidden)
        for finger in range(fingers)
    ]
    joined = padded(finger_hidden) * np.arange(fingers)[:, None] + np.arange(finger_hidden)
    return [*below, Shape(1, joined.ravel(), hand_hidden)]


def make_plan(
    cell: str, shapes: list[Shape], classes: int, rows: int, batch_size: int, *,
    pooling: str = "last", joined: bool = False,
) -> Plan:  # fmt: skip
    """Lay out the classifier and a batch of at most `rows` steps in `batch_size` sequences.

    `pooling`: a key of `nn.pooling.POOLINGS`. `joined`: the inputs of the one layer lie in front of
    its states, and its parameters below each other, so that a step is one product, and so is the
    gradient. Not for a cell with a block apart.
    """
    kind = list(CELLS).index(cell)
    theta, transposes, memory = _Space(), _Space(), _Space()
    layers, head = np.zeros(len(shapes), LAYER), np.zeros(1, HEAD)
    levels = shapes[-1].level + 1
    tops = sum(shape.level == levels - 1 for shape in shapes)
    pooled = tops if tops > 1 or pooling != "last" else 0
    # columns of the rows that a level reads: all its layers' inputs, or the outputs below
    columns = [max(shape.columns[-1] + 1 for shape in shapes if shape.level == 0)]
    for level in range(levels):
        columns.append(sum(padded(shape.hidden) for shape in shapes if shape.level == level))
    steps = [odd_lines(int(width)) for width in columns]
    read = [memory.take(0 if joined else rows, step) for step in steps[:-1]]
    # one level's gradient is spent when the next lower one's is written
    d_read = memory.take(rows, max(steps[1:-1], default=0))
    used = [0] * levels
    for index, (layer, shape) in enumerate(zip(layers, shapes, strict=True)):
        layer["joined"] = padded(int(columns[0]) + 2) if joined else 0
        _place_parameters(layer, kind, shape, theta, transposes)
        level, top = shape.level, shape.level == levels - 1
        first_column = shape.columns[0]
        layer["last"] = top and not pooled
        layer["x"], layer["x_step"] = read[level] + first_column, steps[level]
        layer["d_x"] = d_read if level else -1
        layer["d_x_reverse"] = -1
        if top and pooled:
            _place_outputs(layer, rows, memory)
        elif not top:
            layer["output"] = read[level + 1] + used[level]
            layer["d_output"] = d_read + used[level]
            layer["output_step"] = layer["d_output_step"] = steps[level + 1]
        used[level] += layer["width"]
        if shape.reverse:
            _place_turned(layer, layers[index - 1], rows, memory, top=top)
        total = layer["gates_width"] + layer["recurrent_column"]
        layer["gates_step"] = odd_lines(int(total))
        layer["gates"] = memory.take(rows, layer["gates_step"])
        states = int(layer["joined"] + layer["width"] * KINDS[kind].states)
        layer["previous_step"] = odd_lines(states)
        # one row more, for the states behind a sequence's last step, which nobody reads;
        # scoring counts those behind a block of steps among the rows
        layer["previous"] = memory.take(rows + 1, layer["previous_step"]) + layer["joined"]
        if joined:
            layer["x"] = layer["previous"] - layer["inputs"] - 1
            layer["x_step"] = layer["previous_step"]
    head["pooled"] = pooled
    _place_head(head, layers, POOLINGS[pooling], classes, batch_size, theta, transposes, memory)
    if not pooled:
        last = layers[-1]
        last["output"], last["output_step"] = head["last_state"][0], head["last_state_step"][0]
        last["d_output"] = head["zeros"][0]
    return Plan(kind, layers, head, theta.size, transposes.size, memory.size)


def _place_parameters(
    layer: np.void, cell: int, shape: Shape, theta: _Space, transposes: _Space
) -> None:
    gates, width = len(KINDS[cell].order), padded(shape.hidden)
    inputs = int(shape.columns[-1] - shape.columns[0]) + 1
    layer["inputs"], layer["hidden"], layer["width"] = inputs, shape.hidden, width
    layer["gates_width"] = gates * width
    layer["recurrent_column"] = width if KINDS[cell].apart else 0
    step = layer["weight_step"] = odd_lines(gates * width)
    rows = {"weight_x": padded(inputs), "weight_h": width, "bias_x": 1, "bias_h": 1}
    if layer["joined"]:
        rows = {"bias_h": 1, "weight_x": inputs, "bias_x": 1, "weight_h": width}
    for name, count in rows.items():
        layer[name] = theta.take(count, step)
    layer["weight_x_t_step"] = odd_lines(padded(inputs))
    layer["weight_h_t_step"] = odd_lines(width)
    if shape.level:
        layer["weight_x_t"] = transposes.take(gates * width, layer["weight_x_t_step"])
    layer["weight_h_p"], layer["weight_h_t_column"] = -1, 1
    if gates * width * width >= FAR:
        layer["weight_h_t_step"], layer["weight_h_t_column"] = PANEL, gates * width * PANEL
        if not layer["joined"]:
            layer["weight_h_p_column"] = width * PANEL
            layer["weight_h_p"] = transposes.take(-(-gates * width // PANEL), width * PANEL)
    columns = int(layer["weight_h_t_step"]) * -(-width // int(layer["weight_h_t_step"]))
    layer["weight_h_t"] = transposes.take(gates * width, columns)


def _place_outputs(layer: np.void, rows: int, memory: _Space) -> None:
    step = layer["output_step"] = layer["d_output_step"] = odd_lines(int(layer["width"]))
    layer["output"], layer["d_output"] = memory.take(rows, step), memory.take(rows, step)


def _place_turned(
    layer: np.void, forward: np.void, rows: int, memory: _Space, *, top: bool
) -> None:
    """Give a layer that reads backwards rows of its own; `forward` reads the same forwards."""
    layer["reverse"] = 1
    layer["shared_x"], layer["x"] = layer["x"], memory.take(rows, layer["x_step"])
    if layer["d_x"] >= 0:
        layer["d_x"] = forward["d_x_reverse"] = memory.take(rows, layer["x_step"])
    layer["shared_output"] = layer["shared_d_output"] = -1
    if not top:
        layer["shared_output"], layer["shared_d_output"] = layer["output"], layer["d_output"]
        layer["shared_step"] = layer["output_step"]
        _place_outputs(layer, rows, memory)


def _place_head(
    head: np.ndarray, layers: np.ndarray, parts: tuple[str, ...], classes: int, batch_size: int,
    theta: _Space, transposes: _Space, memory: _Space,
) -> None:  # fmt: skip
    joined = int(layers[-1]["hidden"]) * max(1, int(head["pooled"][0]))  # of all directions
    hidden = joined * len(parts)
    width, work_step = padded(hidden), odd_lines(3 * int(layers[-1]["width"]))
    for name, part in (("end", "last"), ("mean", "mean"), ("maximum", "max")):
        head[name] = joined * parts.index(part) if part in parts else -1
    wide = padded(classes)
    state_step, class_step = odd_lines(width), odd_lines(wide)
    widest = max(int(layer["gates_step"]) for layer in layers)
    d_states_step = max(int(layer["previous_step"]) for layer in layers)
    # A tile is gathered as soon as it is full, which the last step may overfill. It is read in
    # whole blocks of LANES rows; `transposed`, the last array, leaves room beyond the others.
    transposed_rows = max(
        padded(int(max(layer["inputs"], layer["hidden"], layer["joined"] + layer["hidden"])))
        for layer in layers
    )
    transposed_step = odd_lines(padded(TILE - 1 + batch_size))
    values = {
        "classes": classes,
        "hidden": hidden,
        "width": wide,
        "weight": theta.take(width, class_step),
        "weight_step": class_step,
        "bias": theta.take(1, class_step),
        "weight_t": transposes.take(wide, state_step),
        "weight_t_step": state_step,
        "last_state": memory.take(batch_size, state_step),
        "last_state_step": state_step,
        "last_state_width": width,
        "dropped": memory.take(batch_size, state_step),
        "d_last_state": memory.take(batch_size, state_step),
        "logits": memory.take(batch_size, class_step),
        "logits_step": class_step,
        "d_logits": memory.take(batch_size, class_step),
        "d_states": memory.take(batch_size, d_states_step),
        "d_states_step": d_states_step,
        "work": memory.take(batch_size if head["pooled"][0] else 0, work_step),
        "work_step": work_step,
        "sums": memory.take(1, widest),
        # no product that starts from zeros is wider
        "zeros": memory.take(1, max(widest + max(int(layer["x_step"]) for layer in layers), width)),
        "transposed": memory.take(transposed_rows, transposed_step),
        "transposed_step": transposed_step,
    }
    for name, value in values.items():
        head[name] = value
