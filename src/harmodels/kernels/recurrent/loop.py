"""The compiled loop over mini-batches of the recurrent and hierarchical classifiers.

Reasons: docs/kernels.md; memory layout: `plan`.
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
    refresh_transposes,
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
    """One replicate's parameters and their moments of Adam, flat."""

    theta: np.ndarray
    exp_avg: np.ndarray
    exp_avg_sq: np.ndarray


class Work(NamedTuple):
    """Working arrays, flat."""

    transposes: np.ndarray
    gradient: np.ndarray
    memory: np.ndarray
    batch: Batch


class Data(NamedTuple):
    """The sequences, shared by the replicates."""

    frames: np.ndarray  # (F, D)
    starts: np.ndarray  # (N,)
    lengths: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)
    channels: np.ndarray  # (K,), channels that the lowest layers read, one after another
    columns: np.ndarray  # (K,), their columns in a row


def _build_train(stamp: int) -> Callable[..., Any]:
    def train(
        cell: int, layers: Any, heads: Any, weights: Weights, work: Work, data: Data,
        sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, scale: np.float32,
        batch_size: int, updates: float, options: Adam,
    ) -> float:  # fmt: skip
        _stamp = stamp
        denormals = flush_denormals()
        theta, head, batch = weights.theta, heads[0], work.batch
        transposes, gradient, memory = work.transposes, work.gradient, work.memory
        loss = 0.0
        refresh_transposes(layers, head, theta, transposes)
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
                head, transposes, memory, gradient, data.labels, rows, masks, places, scale,
                batch.one,
            )  # fmt: skip
            for k in range(len(layers) - 1, -1, -1):
                backward(cell, layers[k], head, transposes, memory, gradient, batch, steps)
            adam_step(theta, gradient, weights.exp_avg, weights.exp_avg_sq, updates, options)
            updates += 1
            refresh_transposes(layers, head, theta, transposes)
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


def workspace(plan: Plan, steps: int) -> Work:
    """Return zeros, for batches of at most `steps` steps."""
    index = np.zeros(steps + 1, np.int64), np.zeros(steps + 1, np.int64)
    transposes, gradient, memory = (
        zeros(1, size)[0] for size in (plan.transposes, plan.theta, plan.memory)
    )
    return Work(transposes, gradient, memory, Batch(*index, np.ones(1, np.float32)))


def _sorted_batches(lengths: np.ndarray, batch_size: int) -> tuple[np.ndarray, int]:
    """Return the positions with each batch's longest first, and the most steps of a batch."""
    batch = np.arange(len(lengths)) // batch_size
    positions = np.lexsort((-lengths, batch))  # stable
    return positions, int(np.bincount(batch, lengths).max())


def run_epoch(
    params: Tree, state: AdamState, shapes: list[Shape], data: Data, order: Tensor,
    masks: Tensor | None, *, cell: str, batch_size: int, options: Adam, scale: float, threads: int,
) -> tuple[Tree, AdamState, dict[str, Tensor]]:  # fmt: skip
    """Train every replicate once through its sequences (see `classifier.train_epoch`)."""
    R, n = order.shape
    output: Any = params[-1]
    size, classes = min(batch_size, n), output.bias.shape[1]
    no_masks = np.zeros((0, 0), np.uint8)

    def run(r: int) -> tuple[Weights, float]:
        rows = order[r].numpy()
        positions, most = _sorted_batches(data.lengths[rows], size)
        plan = make_plan(cell, shapes, classes, most, size)
        weights = Weights(*(pack(plan, shapes, tree, r) for tree in (params, *state[:2])))
        work = workspace(plan, int(data.lengths[rows].max()))
        kept = no_masks if masks is None else masks[r].contiguous().numpy()
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
    new, exp_avg, exp_avg_sq = (
        unpack(plan, shapes, [weights[k] for weights, _ in trained], params) for k in range(3)
    )
    means = torch.tensor([total for _, total in trained], dtype=torch.float64) / n
    updates = state.updates + -(-n // size)
    return new, AdamState(exp_avg, exp_avg_sq, updates), {"cross_entropy": means}


def run_scores(
    params: Any, shapes: list[Shape], data: Data, indices: Tensor, *, cell: str, threads: int
) -> Tensor:
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
        theta, work = pack(plan, shapes, params, r), workspace(plan, longest)
        for group in groups:
            _score(
                plan.cell, plan.layers, plan.head, theta, work, data, sequences[group], group,
                no_masks, logits[r],
            )  # fmt: skip

    map_replicates(run, R, threads)
    return torch.from_numpy(logits)
