"""The compiled loop over mini-batches of the recurrent and hierarchical classifiers.

Reasons: docs/kernels.md; memory layout: `plan`.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.compiling import entry_point
from harmodels.kernels.recurrent.directions import (
    add_d_inputs,
    turn_d_outputs,
    turn_inputs,
    turn_outputs,
)
from harmodels.kernels.recurrent.head import LOSSES, OUTPUTS, output, output_back
from harmodels.kernels.recurrent.packing import Arrays, Packing
from harmodels.kernels.recurrent.passes import (
    Layout,
    backward,
    forward,
    lay_out,
    load,
    refresh_transposes,
)
from harmodels.kernels.recurrent.plan import Plan, Shape, make_plan
from harmodels.kernels.recurrent.pooling import pool, pool_back
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.emitter import zeros
from harmodels.kernels.steps import StepOptions, take_step
from harmodels.kernels.threads import ROW, map_replicates
from harmodels.kernels.weights import total_weight, weight_array
from harmodels.nn.params import Tree
from harmodels.optim import AdamState

# Batches whose losses are added up first, which enters the rounding of a loss.
CHUNK = 8
# Sequences that are scored together, and the rows of the steps for which they are.
SCORED, SCORED_ROWS = 64, 1024
# The rows of those that are read as a whole: pooled, or in both directions.
WHOLE_ROWS = 2**16


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
    weights: np.ndarray  # (N,) of the losses; empty: 1 each
    channels: np.ndarray  # (K,), channels that the lowest layers read, one after another
    columns: np.ndarray  # (K,), their columns in a row


@entry_point
def _train(
    cell: int, layers: Any, heads: Any, weights: Weights, work: Work, data: Data,
    sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, scale: np.float32,
    batch_size: int, chunk: int, updates: float, kind: int, rates: np.ndarray, decay: np.ndarray,
    options: StepOptions,
) -> tuple[float, float]:  # fmt: skip
    denormals = flush_denormals()
    theta, head, layout = weights.theta, heads[0], work.layout
    transposes, gradient, memory = work.transposes, work.gradient, work.memory
    loss, likelihood, earlier, earlier_likelihood = 0.0, 0.0, 0.0, 0.0
    refresh_transposes(layers, head, theta, transposes)
    for first in range(0, len(sequences), batch_size):
        rows = sequences[first : first + batch_size]
        places = positions[first : first + batch_size]
        if layout.stop[0] != 0:
            break
        if first % (chunk * batch_size) == 0:
            earlier, earlier_likelihood = earlier + loss, earlier_likelihood + likelihood
            loss, likelihood = 0.0, 0.0
        lengths = data.lengths[rows]
        steps = lay_out(layout, lengths, 0, lengths[0])
        load(
            memory, layers[0], layout, 0, steps, data.frames, data.starts[rows], data.channels,
            data.columns,
        )  # fmt: skip
        for layer in layers:
            turn_inputs(layer, memory, layout, lengths)
            forward(cell, layer, head, theta, transposes, memory, layout, 0, steps)
            turn_outputs(layer, memory, layout, lengths)
        pool(layers, head, memory, layout, lengths, steps)
        output(head, theta, memory, masks, places, scale)
        both = output_back(
            kind, head, transposes, memory, gradient, data.labels, data.weights, rows, masks,
            places, scale, layout.one,
        )  # fmt: skip
        loss += both[0]
        likelihood += both[1]
        pool_back(layers, head, memory, layout, lengths, steps)
        for k in range(len(layers) - 1, -1, -1):
            turn_d_outputs(layers[k], memory, layout, lengths)
            backward(cell, layers[k], head, transposes, memory, gradient, layout, steps)
            add_d_inputs(layers[k], memory, layout, lengths)
        take_step(
            theta, gradient, weights.exp_avg, weights.exp_avg_sq, updates,
            rates[first // batch_size], decay, options,
        )  # fmt: skip
        updates += 1
        refresh_transposes(layers, head, theta, transposes)
    restore_denormals(denormals)
    return earlier + loss, earlier_likelihood + likelihood


@entry_point
def _score(
    cell: int, layers: Any, heads: Any, theta: np.ndarray, work: Work, data: Data,
    sequences: np.ndarray, positions: np.ndarray, masks: np.ndarray, batch_size: int, most: int,
    span: int, logits: np.ndarray,
) -> None:  # fmt: skip
    """Score batches, `span` steps at a time: of those before only the states are in memory.

    A batch of more than one sequence has at most `most` steps. What is pooled or read backwards
    needs a `span` of all.
    """
    denormals = flush_denormals()
    head, layout, memory, nothing = heads[0], work.layout, work.memory, work.transposes[:0]
    first = 0
    while first < len(sequences):
        size = max(1, min(batch_size, most // data.lengths[sequences[first]]))
        rows, places = sequences[first : first + size], positions[first : first + size]
        lengths, starts = data.lengths[rows], data.starts[rows]
        first += size
        for begin in range(0, lengths[0], span):
            if layout.stop[0] != 0:
                break
            steps = lay_out(layout, lengths, begin, span)
            load(
                memory, layers[0], layout, begin, steps, data.frames, starts, data.channels,
                data.columns,
            )  # fmt: skip
            for layer in layers:
                turn_inputs(layer, memory, layout, lengths)
                forward(cell, layer, head, theta, nothing, memory, layout, begin, steps)
                turn_outputs(layer, memory, layout, lengths)
            pool(layers, head, memory, layout, lengths, steps)
        output(head, theta, memory, masks, places, np.float32(1))
        for b in range(len(rows)):
            for c in range(head.classes):
                logits[places[b], c] = memory[head.logits + b * head.logits_step + c]
    restore_denormals(denormals)


def workspace(plan: Plan, steps: int, stop: np.ndarray, hidden_bias: bool = True) -> Work:
    """Return zeros, for batches of at most `steps` steps; without it no layer's bias moves."""
    index = np.zeros(steps + 1, np.int64), np.zeros(steps + 1, np.int64)
    transposes, gradient, memory = (
        zeros(1, size)[0] for size in (plan.transposes, plan.theta, plan.memory)
    )
    ones = np.ones(1, np.float32), np.full(1, hidden_bias, np.float32)
    return Work(transposes, gradient, memory, Layout(*index, *ones, stop))


def _multiply_adds(plan: Plan, rows: int) -> float:
    """Return about what one forward pass over so many rows takes."""
    layers = plan.layers
    each = layers["gates_width"] * (layers["inputs"] + layers["hidden"]) + ROW
    return rows * float(each.sum())


def _sorted_batches(lengths: np.ndarray, batch_size: int) -> tuple[np.ndarray, int]:
    """Return the positions with each batch's longest first, and the most steps of a batch."""
    batch = np.arange(len(lengths)) // batch_size
    positions = np.lexsort((-lengths, batch))  # stable
    return positions, int(np.bincount(batch, lengths).max())


def sequence_arrays(
    shapes: list[Shape], fingers: Tensor | None, frames: Tensor, starts: Tensor, lengths: Tensor,
    labels: Tensor, weights: Tensor | None = None,
) -> Data:  # fmt: skip
    """Return the sequences as arrays; the lowest layers read their channels one after another."""
    channels = np.arange(frames.shape[1]) if fingers is None else fingers.flatten().numpy()
    lowest = [shape.columns for shape in shapes if shape.level == 0 and not shape.reverse]
    return Data(
        frames=frames.contiguous().numpy(),
        starts=starts.contiguous().numpy(),
        lengths=lengths.contiguous().numpy(),
        labels=labels.contiguous().numpy(),
        weights=weight_array(weights),
        channels=np.ascontiguousarray(channels, np.int64),
        columns=np.concatenate(lowest),
    )


class Prepared:
    """What epochs of a network need besides its weights: sequences, a plan, working arrays.

    `pooling`, `joined`: `plan.make_plan`.
    """

    def __init__(
        self, params: Any, shapes: list[Shape], data: Data, *, arrays_of: Arrays, cell: str,
        pooling: str = "last", joined: bool = False,
    ) -> None:  # fmt: skip
        self.data = data
        self.make_plan = partial(
            make_plan, cell, shapes, params.output.bias.shape[1], pooling=pooling, joined=joined
        )
        self.plan = self.make_plan(1, 1)
        self.packing = Packing(self.plan, shapes, arrays_of, params)
        self.largest = 0, 0, 0  # of the plan: sequences and rows of a batch, steps
        self.spare: list[Work] = []  # working arrays that no thread uses

    def make_room(self, size: int, rows: int, steps: int) -> Plan:
        """Return a plan for such batches; that of the epochs before may be large enough."""
        known, largest = self.largest[0], np.maximum(self.largest, (size, rows, steps))
        if size != known or tuple(largest) != self.largest:
            self.largest = size, int(largest[1]), int(largest[2])
            self.plan, self.spare = self.make_plan(self.largest[1], size), []
        return self.plan

    def work(self, stop: np.ndarray, hidden_bias: bool = True) -> Work:
        """Return working arrays, to be put back into `spare` unless they may hold NaN.

        Zero weights do not hide NaN.
        """
        try:
            work = self.spare.pop()
        except IndexError:
            return workspace(self.plan, self.largest[2], stop, hidden_bias)
        return work._replace(layout=work.layout._replace(stop=stop))


class Replicates(Prepared):
    """Packed replicates with what their epochs need; `state` is empty with gradient descent."""

    def __init__(
        self, params: Any, state: AdamState | tuple[()], *given: Any, **named: Any
    ) -> None:
        super().__init__(params, *given, **named)
        self.flats = [self.packing.pack(tree) for tree in (params, *state[:2])]  # (R, size) each

    def weights(self, r: int) -> Weights:
        """Return one replicate's parameters, which its epochs change."""
        nothing = np.zeros(0, np.float32)
        return Weights(*([flat[r] for flat in self.flats] + [nothing, nothing])[:3])


def run_epoch(
    replicates: Replicates, params: Tree, state: AdamState | tuple[()], order: Tensor,
    masks: Tensor | None, *, output: str, batch_size: int, rates: np.ndarray, weight_decay: float,
    options: StepOptions, scale: float, threads: int, hidden_bias: bool = True,
) -> tuple[Tree, AdamState | tuple[()], dict[str, Tensor]]:  # fmt: skip
    """Train every replicate once through its sequences (see `classifier.train_epoch`).

    `replicates` are those of `params` and `state`, and afterwards those of the result; `output` is
    a key of `head.LOSSES`; without `hidden_bias` the biases of the recurrent layers stay as they
    are.
    """
    R, n = order.shape
    size, data, orders = min(batch_size, n), replicates.data, order.numpy()
    batches = [_sorted_batches(data.lengths[rows], size) for rows in orders]
    longest = int(data.lengths[orders].max())
    plan = replicates.make_room(size, max(most for _, most in batches), longest)
    no_masks, kind = np.zeros((0, 0), np.uint8), OUTPUTS.index(output)
    decay = _decay(plan, weight_decay, hidden_bias)

    def run(r: int, stop: np.ndarray) -> tuple[float, float]:
        positions, _ = batches[r]
        work = replicates.work(stop, hidden_bias)
        kept = no_masks if masks is None else masks[r].contiguous().numpy()
        losses: tuple[float, float] = _train(
            plan.cell, plan.layers, plan.head, replicates.weights(r), work, data,
            orders[r, positions], positions, kept, np.float32(scale), size, CHUNK,
            float(state.updates[r]) if state else 0.0, kind, rates, decay, options,
        )  # fmt: skip
        if np.isfinite(losses).all() and np.isfinite(replicates.flats[0][r]).all():
            replicates.spare.append(work)
        return losses

    macs = 3 * _multiply_adds(plan, int(data.lengths[orders[0]].sum()))
    each = map_replicates(run, R, threads, work=macs, kernel=_train)
    trees = [replicates.packing.unpack(flat, params) for flat in replicates.flats]
    if state:
        state = AdamState(trees[1], trees[2], state.updates + -(-n // size))
    means = torch.from_numpy(np.array(each) / total_weight(data.weights, orders))  # (R, 2)
    losses = {name: means[:, i] for i, name in enumerate(LOSSES[output])}
    return trees[0], state, losses


def _decay(plan: Plan, weight_decay: float, hidden_bias: bool) -> np.ndarray:
    """Return what `take_step` reads; biases that stay as they are do not decay."""
    decay = np.full(plan.theta if weight_decay else 0, weight_decay, np.float32)
    for layer in () if hidden_bias else plan.layers:
        for bias in (layer["bias_x"], layer["bias_h"]):
            decay[bias : bias + layer["gates_width"]] = 0
    return decay


def run_scores(prepared: Prepared, params: Any, indices: Tensor, threads: int) -> Tensor:
    """Return the logits (R, n, C) of the sequences `indices` (see `classifier.scores`)."""
    R, classes = params.output.bias.shape
    n, sequences, data = indices.shape[-1], indices.expand(R, -1).numpy(), prepared.data
    size, longest = min(SCORED, n), int(data.lengths[sequences].max())
    if prepared.plan.head["pooled"][0]:  # pooled, or in both directions
        span, most = longest, WHOLE_ROWS
        room = max(longest, min(most, longest * size))
    else:
        span, most = min(max(1, SCORED_ROWS // size), longest), longest * size
        room = (span + 1) * size
    plan, thetas = prepared.make_room(size, room, span), prepared.packing.pack(params)
    logits, no_masks = np.empty((R, n, classes), np.float32), np.zeros((0, 0), np.uint8)

    def run(r: int, stop: np.ndarray) -> None:
        work = prepared.work(stop)
        # the longest together, so that hardly any runs alone
        order = np.argsort(-data.lengths[sequences[r]], kind="stable")
        _score(
            plan.cell, plan.layers, plan.head, thetas[r], work, data, sequences[r, order], order,
            no_masks, size, most, span, logits[r],
        )  # fmt: skip
        if np.isfinite(logits[r]).all():
            prepared.spare.append(work)

    macs = _multiply_adds(plan, int(data.lengths[sequences[0]].sum()))
    map_replicates(run, R, threads, work=macs, kernel=_score)
    return torch.from_numpy(logits)
