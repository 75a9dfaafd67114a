"""Pooling of the highest layers' outputs for the output layer, and its backward pass.

The meaning is that of `nn/pooling.py`. Mean and maximum are taken in one pass over the rows, in the
order of the steps, a vector of units at a time; the copies before and after choose which is read.
`head.work` has a row a sequence: its sum and maximum; on the way back the gradient that the mean
gives each step, the maximum, and the gradient at it, which the first step that has it takes.
"""

from typing import Any

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.recurrent.cells import pointwise
from harmodels.kernels.recurrent.passes import Layout
from harmodels.kernels.simd.emitter import LANES
from harmodels.kernels.simd.lanes import Row


def _collect(work: Row, states: Row, *_: Row) -> None:
    h = states[0]
    work[0] = work[0] + h
    work[1] = h.maximum(work[1])


def _collect_back(work: Row, states: Row, d_states: Row, _: Row) -> None:
    d_highest = work[2]
    taken = d_highest.where_equal(states[0], work[1], 0.0)
    d_states[0] = work[0] + taken
    work[2] = d_highest - taken  # the first step takes it


_STEPS = pointwise([_collect, _collect_back])


@inlined
def _over_steps(
    back: int, layer: Any, head: Any, memory: np.ndarray, layout: Layout, steps: int
) -> None:
    for t in range(steps):
        for b in range(layout.sizes[t]):
            row = layout.starts[t] + b
            for j in range(0, layer.width, LANES):
                _STEPS(
                    back, memory, head.work + b * head.work_step + j,
                    layer.output + row * layer.output_step + j,
                    layer.d_output + row * layer.d_output_step + j, 0, layer.width,
                )  # fmt: skip


@inlined
def pool(
    layers: Any, head: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray, steps: int
) -> None:
    """Write what the output layer reads of each sequence."""
    for k in range(head.pooled):
        layer = layers[len(layers) - head.pooled + k]
        width = layer.width
        if head.end < 0:
            for b in range(len(lengths)):
                work = head.work + b * head.work_step
                for j in range(width):
                    memory[work + j] = 0
                    memory[work + width + j] = -np.inf
            _over_steps(0, layer, head, memory, layout, steps)
        for b in range(len(lengths)):
            work = head.work + b * head.work_step
            at = head.last_state + b * head.last_state_step + k * layer.hidden
            row = layer.output + (layout.starts[lengths[b] - 1] + b) * layer.output_step
            share = np.float32(1) / np.float32(lengths[b])
            for j in range(layer.hidden):
                if head.end >= 0:
                    memory[at + head.end + j] = memory[row + j]
                if head.mean >= 0:
                    memory[at + head.mean + j] = memory[work + j] * share
                if head.maximum >= 0:
                    memory[at + head.maximum + j] = memory[work + width + j]


@inlined
def pool_back(
    layers: Any, head: Any, memory: np.ndarray, layout: Layout, lengths: np.ndarray, steps: int
) -> None:
    """Write the gradient at the outputs of the pooled layers."""
    for k in range(head.pooled):
        layer = layers[len(layers) - head.pooled + k]
        width = layer.width
        for b in range(len(lengths)):
            work = head.work + b * head.work_step
            at = b * head.last_state_step + k * layer.hidden
            share = np.float32(1) / np.float32(lengths[b])
            for j in range(3 * width):
                memory[work + j] = 0
            for j in range(layer.hidden):
                if head.mean >= 0:
                    memory[work + j] = memory[head.d_last_state + at + head.mean + j] * share
                if head.maximum >= 0:
                    place = at + head.maximum + j
                    memory[work + width + j] = memory[head.last_state + place]
                    memory[work + 2 * width + j] = memory[head.d_last_state + place]
        _over_steps(1, layer, head, memory, layout, steps)
        if head.end >= 0:
            for b in range(len(lengths)):
                at = head.d_last_state + b * head.last_state_step + k * layer.hidden + head.end
                row = layer.d_output + (layout.starts[lengths[b] - 1] + b) * layer.d_output_step
                for j in range(layer.hidden):
                    memory[row + j] = memory[at + j]
