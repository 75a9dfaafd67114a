"""The compiled loop over mini-batches that the plain and the hierarchical classifier share.

Its reasons: docs/kernels.md; where everything lies: `recurrent_plan`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.compiling import entry_point
from harmodels.kernels.recurrent.head import (
    Adam,
    adam_step,
    output,
    output_back,
)
from harmodels.kernels.recurrent.packing import pack, unpack
from harmodels.kernels.recurrent.passes import (
    Batch,
    backward,
    forward,
    lay_out,
    load,
    turn,
)
from harmodels.kernels.recurrent.plan import Plan, Shape, make_plan
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.emitter import zeros
from harmodels.kernels.threads import map_replicates
from harmodels.nn.params import Tree
from harmodels.optim import AdamState

# Batches per call of a kernel; Ctrl-C is heard between calls.
CHUNK = 8
# Sequences that are scored together.
SCORED = 64


class Weights(NamedTuple):
    """One replicate's parameters and what Adam keeps of them, flat."""

    theta: np.ndarray
    first: np.ndarray
    second: np.ndarray


class Work(NamedTuple):
    """What the kernels write besides the parameters, flat."""

    mirror: np.ndarray
    gradient: np.ndarray
    memory: np.ndarray
    batch: Batch


class Data(NamedTuple):
    """The sequences, shared by the replicates."""

    frames: np.ndarray  # (F, D)
    starts: np.ndarray  # (N,)
    lengths: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)
    channels: np.ndarray  # (K,), channels that the first layers read, one after another
    columns: np.ndarray  # (K,), where they stand in a row


def _build_train(stamp: int) -> Callable[..., Any]:
    def train(
        cell: int, layers: Any, heads: Any, weights: Weights, work: Work, data: Data,
        sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, scale: np.float32,
        batch_size: int, updates: float, options: Adam,
    ) -> float:  # fmt: skip
        _stamp = stamp
        denormals = flush_denormals()
        theta, head, batch = weights.theta, heads[0], work.batch
        mirror, gradient, memory = work.mirror, work.gradient, work.memory
        loss = 0.0
        turn(layers, head, theta, mirror)
        for first in range(0, len(sequences), batch_size):
            rows = sequences[first : first + batch_size]
            places = positions[first : first + batch_size]
            steps = lay_out(batch, data.lengths[rows])
            load(
                memory, layers[0], batch, steps, data.frames, data.starts[rows], data.channels,
                data.columns,
            )  # fmt: skip
            for layer in layers:
                forward(cell, layer, head, theta, memory, batch, steps)
            output(head, theta, memory, masks, places, scale)
            loss += output_back(
                head, mirror, memory, gradient, data.labels, rows, masks, places, scale, batch.one
            )
            for k in range(len(layers) - 1, -1, -1):
                backward(cell, layers[k], head, mirror, memory, gradient, batch, steps)
            adam_step(theta, gradient, weights.first, weights.second, updates, options)
            updates += 1
            turn(layers, head, theta, mirror)
        restore_denormals(denormals)
        return loss

    return train


def _build_score(stamp: int) -> Callable[..., Any]:
    def score(
        cell: int, layers: Any, heads: Any, theta: np.ndarray, work: Work, data: Data,
        sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, logits: np.ndarray,
    ) -> None:  # fmt: skip
        _stamp = stamp
        denormals = flush_denormals()
        head, batch, memory = heads[0], work.batch, work.memory
        steps = lay_out(batch, data.lengths[sequences])
        load(
            memory, layers[0], batch, steps, data.frames, data.starts[sequences], data.channels,
            data.columns,
        )  # fmt: skip
        for layer in layers:
            forward(cell, layer, head, theta, memory, batch, steps)
        output(head, theta, memory, masks, positions, np.float32(1))
        for b in range(len(sequences)):
            for c in range(head.classes):
                logits[positions[b], c] = memory[head.logits + b * head.logits_step + c]
        restore_denormals(denormals)

    return score


_train = entry_point(_build_train)
_score = entry_point(_build_score)


class Call(NamedTuple):
    """What the calls of both networks come down to."""

    shapes: list[Shape]
    classes: int
    data: Data


def workspace(plan: Plan, steps: int) -> Work:
    """Return zeros, for batches of at most `steps` steps."""
    index = np.zeros(steps + 1, np.int64), np.zeros(steps + 1, np.int64)
    mirror, gradient, memory = (
        zeros(1, size)[0] for size in (plan.mirror, plan.theta, plan.memory)
    )
    return Work(mirror, gradient, memory, Batch(*index, np.ones(1, np.float32)))


def _sorted_batches(lengths: np.ndarray, batch_size: int) -> tuple[np.ndarray, int]:
    """Return the positions with each batch's longest first, and the most steps of a batch."""
    batch = np.arange(len(lengths)) // batch_size
    positions = np.lexsort((-lengths, batch))  # stable
    return positions, int(np.bincount(batch, lengths).max())


def data_of(
    frames: Tensor, starts: Tensor, lengths: Tensor, labels: Tensor, channels: np.ndarray,
    shapes: list[Shape],
) -> Data:  # fmt: skip
    """Return the sequences as arrays; the first layers read `channels` one after another."""
    return Data(
        frames=frames.contiguous().numpy(),
        starts=starts.contiguous().numpy(),
        lengths=lengths.contiguous().numpy(),
        labels=labels.contiguous().numpy(),
        channels=np.ascontiguousarray(channels, np.int64),
        columns=np.concatenate([shape.columns for shape in shapes if shape.level == 0]),
    )


def run_epoch(
    params: Tree, state: AdamState, call: Call, order: Tensor, masks: Tensor | None, *,
    cell: str, batch_size: int, options: Adam, scale: float, threads: int,
) -> tuple[Tree, AdamState, dict[str, Tensor]]:  # fmt: skip
    """Train every replicate once through its sequences (see `recurrent.train_epoch`)."""
    shapes, classes, data = call
    R, n = order.shape
    size = min(batch_size, n)
    none = np.zeros((0, 0), np.uint8)

    def run(r: int) -> tuple[Weights, float]:
        rows = order[r].numpy()
        positions, most = _sorted_batches(data.lengths[rows], size)
        plan = make_plan(cell, shapes, classes, most, size)
        weights = Weights(*(pack(plan, shapes, tree, r) for tree in (params, *state[:2])))
        work = workspace(plan, int(data.lengths[rows].max()))
        kept = none if masks is None else masks[r].contiguous().numpy()
        total = 0.0
        for first in range(0, n, CHUNK * size):
            part = positions[first : first + CHUNK * size]
            total += _train(
                plan.cell, plan.layers, plan.head, weights, work, data, rows[part], part, kept,
                np.float32(scale), size, float(state.updates[r]) + first // size, options,
            )  # fmt: skip
        return weights, total

    trained = map_replicates(run, R, threads)
    plan = make_plan(cell, shapes, classes, 1, 1)
    new, first, second = (
        unpack(plan, shapes, [weights[k] for weights, _ in trained], params) for k in range(3)
    )
    means = torch.tensor([total for _, total in trained], dtype=torch.float64) / n
    updates = state.updates + -(-n // size)
    return new, AdamState(first, second, updates), {"cross_entropy": means}


def run_scores(params: Any, call: Call, rows: Tensor, *, cell: str, threads: int) -> Tensor:
    """Return the logits (R, n, C) of the sequences `rows` (see `recurrent.scores`)."""
    shapes, classes, data = call
    R, n = len(params.output.bias), len(rows)
    sequences = rows.numpy()
    order = np.argsort(-data.lengths[sequences], kind="stable")
    # the longest together, so that hardly any runs alone
    groups = [order[first : first + SCORED] for first in range(0, n, SCORED)]
    most = max(int(data.lengths[sequences[group]].sum()) for group in groups)
    longest = int(data.lengths[sequences].max())
    plan = make_plan(cell, shapes, classes, most, min(SCORED, n))
    logits, none = np.empty((R, n, classes), np.float32), np.zeros((0, 0), np.uint8)

    def run(r: int) -> None:
        theta, work = pack(plan, shapes, params, r), workspace(plan, longest)
        for group in groups:
            _score(
                plan.cell, plan.layers, plan.head, theta, work, data, sequences[group], group,
                none, logits[r],
            )  # fmt: skip

    map_replicates(run, R, threads)
    return torch.from_numpy(logits)
