"""The compiled loop over mini-batches of the recurrent and hierarchical classifiers.

Reasons: docs/kernels.md; memory layout: `plan`.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.compiling import entry_point
from harmodels.kernels.recurrent.head import LOSSES, OUTPUTS, output, output_back
from harmodels.kernels.recurrent.packing import Arrays, pack, unpack
from harmodels.kernels.recurrent.passes import (
    Layout,
    backward,
    forward,
    lay_out,
    load,
    refresh_transposes,
)
from harmodels.kernels.recurrent.plan import Plan, Shape, make_plan
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.emitter import zeros
from harmodels.kernels.steps import StepOptions, take_step
from harmodels.kernels.threads import map_replicates
from harmodels.nn.params import Tree
from harmodels.optim import AdamState

# Batches per call of a kernel; Ctrl-C is heard between calls.
CHUNK = 8
# Sequences that are scored together.
SCORED = 64


class Weights(NamedTuple):
    """One replicate's parameters and their moments of Adam, flat; those are empty without Adam."""

    theta: np.ndarray
    exp_avg: np.ndarray
    exp_avg_sq: np.ndarray


class Work(NamedTuple):
    """Working arrays, flat."""

    transposes: np.ndarray
    gradient: np.ndarray
    memory: np.ndarray
    layout: Layout


class Data(NamedTuple):
    """The sequences, shared by the replicates."""

    frames: np.ndarray  # (F, D)
    starts: np.ndarray  # (N,)
    lengths: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)
    channels: np.ndarray  # (K,), channels that the lowest layers read, one after another
    columns: np.ndarray  # (K,), their columns in a row


@entry_point
def _train(
    cell: int, layers: Any, heads: Any, weights: Weights, work: Work, data: Data,
    sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, scale: np.float32,
    batch_size: int, updates: float, kind: int, options: StepOptions,
) -> tuple[float, float]:  # fmt: skip
    denormals = flush_denormals()
    theta, head, layout = weights.theta, heads[0], work.layout
    transposes, gradient, memory = work.transposes, work.gradient, work.memory
    loss, likelihood = 0.0, 0.0
    refresh_transposes(layers, head, theta, transposes)
    for first in range(0, len(sequences), batch_size):
        rows = sequences[first : first + batch_size]
        places = positions[first : first + batch_size]
        steps = lay_out(layout, data.lengths[rows])
        load(
            memory, layers[0], layout, steps, data.frames, data.starts[rows], data.channels,
            data.columns,
        )  # fmt: skip
        for layer in layers:
            forward(cell, layer, head, theta, memory, layout, steps)
        output(head, theta, memory, masks, places, scale)
        both = output_back(
            kind, head, transposes, memory, gradient, data.labels, rows, masks, places, scale,
            layout.one,
        )  # fmt: skip
        loss += both[0]
        likelihood += both[1]
        for k in range(len(layers) - 1, -1, -1):
            backward(cell, layers[k], head, transposes, memory, gradient, layout, steps)
        take_step(theta, gradient, weights.exp_avg, weights.exp_avg_sq, updates, options)
        updates += 1
        refresh_transposes(layers, head, theta, transposes)
    restore_denormals(denormals)
    return loss, likelihood


@entry_point
def _score(
    cell: int, layers: Any, heads: Any, theta: np.ndarray, work: Work, data: Data,
    sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, logits: np.ndarray,
) -> None:  # fmt: skip
    denormals = flush_denormals()
    head, layout, memory = heads[0], work.layout, work.memory
    steps = lay_out(layout, data.lengths[sequences])
    load(
        memory, layers[0], layout, steps, data.frames, data.starts[sequences], data.channels,
        data.columns,
    )  # fmt: skip
    for layer in layers:
        forward(cell, layer, head, theta, memory, layout, steps)
    output(head, theta, memory, masks, positions, np.float32(1))
    for b in range(len(sequences)):
        for c in range(head.classes):
            logits[positions[b], c] = memory[head.logits + b * head.logits_step + c]
    restore_denormals(denormals)


def workspace(plan: Plan, steps: int, hidden_bias: bool = True) -> Work:
    """Return zeros, for batches of at most `steps` steps; without it no layer's bias moves."""
    index = np.zeros(steps + 1, np.int64), np.zeros(steps + 1, np.int64)
    transposes, gradient, memory = (
        zeros(1, size)[0] for size in (plan.transposes, plan.theta, plan.memory)
    )
    ones = np.ones(1, np.float32), np.full(1, hidden_bias, np.float32)
    return Work(transposes, gradient, memory, Layout(*index, *ones))


def _sorted_batches(lengths: np.ndarray, batch_size: int) -> tuple[np.ndarray, int]:
    """Return the positions with each batch's longest first, and the most steps of a batch."""
    batch = np.arange(len(lengths)) // batch_size
    positions = np.lexsort((-lengths, batch))  # stable
    return positions, int(np.bincount(batch, lengths).max())


def sequence_arrays(
    shapes: list[Shape], fingers: Tensor | None, frames: Tensor, starts: Tensor, lengths: Tensor,
    labels: Tensor,
) -> Data:  # fmt: skip
    """Return the sequences as arrays; the lowest layers read their channels one after another."""
    channels = np.arange(frames.shape[1]) if fingers is None else fingers.flatten().numpy()
    return Data(
        frames=frames.contiguous().numpy(),
        starts=starts.contiguous().numpy(),
        lengths=lengths.contiguous().numpy(),
        labels=labels.contiguous().numpy(),
        channels=np.ascontiguousarray(channels, np.int64),
        columns=np.concatenate([shape.columns for shape in shapes if shape.level == 0]),
    )


def run_epoch(
    params: Tree, state: AdamState | tuple[()], shapes: list[Shape], data: Data, order: Tensor,
    masks: Tensor | None, *, arrays_of: Arrays, cell: str, output: str, batch_size: int,
    options: StepOptions, scale: float, threads: int, hidden_bias: bool = True,
    joined: bool = False,
) -> tuple[Tree, AdamState | tuple[()], dict[str, Tensor]]:  # fmt: skip
    """Train every replicate once through its sequences (see `classifier.train_epoch`).

    `state` is empty with gradient descent; `output` is a key of `head.LOSSES`; without
    `hidden_bias` the biases of the recurrent layers stay as they are; `joined`: `plan.make_plan`.
    """
    R, n = order.shape
    output_layer: Any = params[-1]
    size, classes = min(batch_size, n), output_layer.bias.shape[1]
    no_masks, nothing = np.zeros((0, 0), np.uint8), np.zeros(0, np.float32)
    kind = OUTPUTS.index(output)

    def run(r: int) -> tuple[Weights, np.ndarray]:
        rows = order[r].numpy()
        positions, most = _sorted_batches(data.lengths[rows], size)
        plan = make_plan(cell, shapes, classes, most, size, joined=joined)
        moments = [pack(plan, shapes, arrays_of, tree, r) for tree in state[:2]]
        theta = pack(plan, shapes, arrays_of, params, r)
        weights = Weights(theta, *(moments or (nothing, nothing)))
        before = float(state.updates[r]) if state else 0.0
        work = workspace(plan, int(data.lengths[rows].max()), hidden_bias)
        kept = no_masks if masks is None else masks[r].contiguous().numpy()
        totals = np.zeros(2)
        for first in range(0, n, CHUNK * size):
            part = positions[first : first + CHUNK * size]
            totals += _train(
                plan.cell, plan.layers, plan.head, weights, work, data, rows[part], part, kept,
                np.float32(scale), size, before + first // size, kind, options,
            )  # fmt: skip
        return weights, totals

    trained = map_replicates(run, R, threads)
    plan = make_plan(cell, shapes, classes, 1, 1, joined=joined)

    def unpacked(k: int) -> Tree:
        return unpack(plan, shapes, arrays_of, [weights[k] for weights, _ in trained], params)

    if state:
        state = AdamState(unpacked(1), unpacked(2), state.updates + -(-n // size))
    means = torch.from_numpy(np.stack([totals for _, totals in trained]) / n)  # (R, 2)
    losses = {name: means[:, i] for i, name in enumerate(LOSSES[output])}
    return unpacked(0), state, losses


def run_scores(
    params: Any, shapes: list[Shape], data: Data, indices: Tensor, *, arrays_of: Arrays, cell: str,
    threads: int,
) -> Tensor:  # fmt: skip
    """Return the logits (R, n, C) of the sequences `indices` (see `classifier.scores`)."""
    R, classes = params.output.bias.shape
    n, sequences = len(indices), indices.numpy()
    order = np.argsort(-data.lengths[sequences], kind="stable")
    # the longest together, so that hardly any runs alone
    groups = [order[first : first + SCORED] for first in range(0, n, SCORED)]
    most = max(int(data.lengths[sequences[group]].sum()) for group in groups)
    longest = int(data.lengths[sequences].max())
    plan = make_plan(cell, shapes, classes, most, min(SCORED, n))
    logits, no_masks = np.empty((R, n, classes), np.float32), np.zeros((0, 0), np.uint8)

    def run(r: int) -> None:
        theta, work = pack(plan, shapes, arrays_of, params, r), workspace(plan, longest)
        for group in groups:
            _score(
                plan.cell, plan.layers, plan.head, theta, work, data, sequences[group], group,
                no_masks, logits[r],
            )  # fmt: skip

    map_replicates(run, R, threads)
    return torch.from_numpy(logits)
