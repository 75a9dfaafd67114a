"""Mini-batch BPTT of the Elman classifier through whole sequences, compiled.

The same meaning as `loops.minibatch` with plain gradient descent on the mean over the batch.
The loop and its reasons: docs/kernels.md; layout of the parameters: `packing`. Row
t · Bp + b of z and d_pre belongs to step t of the batch's b-th sequence; Bp is the batch size
rounded up to whole register blocks. Rows without a sequence are zero and stay zero.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.checks import check_counts, check_indices
from harmodels.kernels.compiling import entry_point, inlined
from harmodels.kernels.elman.output_layer import loss_and_gradient, set_output
from harmodels.kernels.elman.packing import Packed, check_inputs, pack, unpack
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.elementary import tanh
from harmodels.kernels.simd.emitter import LANES, odd_lines, zeros
from harmodels.kernels.simd.products import BATCH_ROWS, PANEL, transpose, weighted_batch
from harmodels.kernels.simd.strided_product import Size, View, product
from harmodels.kernels.threads import map_replicates
from harmodels.models.elman import ElmanClassifier

# Batches per call of the kernel; Ctrl-C is heard between calls.
CHUNK = 32
# Rows of z and d_pre whose products are summed while they are in the second-level cache.
TILE = 256


class _Workspace(NamedTuple):
    """Working arrays, float32."""

    z: np.ndarray  # ((T + 1) · Bp, Zp)
    d_pre: np.ndarray  # (T · Bp + LANES, Zp); transposes are read in whole blocks
    sums: np.ndarray  # (Bp, Zp)
    hidden_lanes: np.ndarray  # (Zp,), 1 in the lanes of hidden units, else 0
    d_logits: np.ndarray  # (Bp, C)
    gradient: np.ndarray  # (Hp, Zp)
    transposed: np.ndarray  # (Hp, rows of a tile), d_pre transposed
    gathered: np.ndarray  # (Hp, Zp), a tile's share of the gradient: sums of sums round less
    zeros: np.ndarray  # (1, Zp)


def _workspace(packed: Packed, hidden: int, steps: int, batch_size: int) -> _Workspace:
    rows = -(-batch_size // BATCH_ROWS) * BATCH_ROWS
    height, width = packed.weight.shape
    hidden_lanes = zeros(1, width)[0]
    hidden_lanes[:hidden] = 1
    return _Workspace(
        z=zeros((steps + 1) * rows, width),
        d_pre=zeros(steps * rows + LANES, width),
        sums=zeros(rows, width),
        hidden_lanes=hidden_lanes,
        d_logits=zeros(rows, len(packed.output)),
        gradient=zeros(height, width),
        transposed=zeros(height, odd_lines(TILE - 1 + rows + LANES)),
        gathered=zeros(height, width),
        zeros=zeros(1, width),
    )


@inlined
def _set_inputs(
    z: np.ndarray, t: int, rows: int, hidden: int, inputs: np.ndarray, batch: np.ndarray
) -> None:
    """Complete the rows of step t behind their states: x_t and the two ones."""
    channels = inputs.shape[2]
    for b in range(len(batch)):
        row = t * rows + b
        for d in range(channels):
            z[row, hidden + d] = inputs[batch[b], t, d]
        z[row, hidden + channels] = 1
        z[row, hidden + channels + 1] = 1


@inlined
def _forward(
    weight_t: np.ndarray, work: _Workspace, hidden: int, inputs: np.ndarray, batch: np.ndarray
) -> None:
    """Run the batch from a zero state to the output layer's inputs in the last rows of z."""
    z, sums = work.z, work.sums
    rows, width, wide = len(sums), weight_t.shape[1], z.shape[1]
    T, channels = inputs.shape[1:]
    for b in range(rows):
        for j in range(wide):
            z[b, j] = 0
    _set_inputs(z, 0, rows, hidden, inputs, batch)
    for t in range(T):
        weighted_batch(
            z, t * rows * wide, wide, rows, weight_t, width, PANEL, hidden + channels + 2, width,
            sums,
        )  # fmt: skip
        for b in range(rows):
            row = (t + 1) * rows + b
            for j in range(width):
                z[row, j] = tanh(sums[b, j])
            # what an earlier batch left behind the state
            for j in range(hidden, min(hidden + channels + 2, wide)):
                z[row, j] = 0
        if t + 1 < T:
            _set_inputs(z, t + 1, rows, hidden, inputs, batch)
    for b in range(len(batch)):
        set_output(z, T * rows + b, hidden, channels)


@inlined
def _gather(work: _Workspace, first: int, last: int, hidden: int) -> None:
    """Gradient += Σ d_preᵀ z over the rows from `first` to `last`."""
    width, count = work.z.shape[1], last - first
    transpose(work.d_pre[first:], count, hidden, work.transposed)
    product(
        work.transposed, View(0, work.transposed.shape[1], 1),
        work.z, View(first * width, width, 1),
        work.zeros, View(0, 0, 1),
        work.gathered, View(0, width, 1),
        Size(hidden, count, width),
    )  # fmt: skip
    for i in range(hidden):
        for j in range(width):
            work.gradient[i, j] += work.gathered[i, j]


@inlined
def _backward(
    packed: Packed, work: _Workspace, hidden: int, channels: int, steps: int, hidden_bias: bool
) -> None:
    """Fill `gradient`, from the output layer back to the first step."""
    z, d_pre, sums, hidden_lanes = work.z, work.d_pre, work.sums, work.hidden_lanes
    rows, width, wide = len(sums), packed.weight_t.shape[1], z.shape[1]
    work.gradient[:] = 0
    sums[:] = 0
    for b in range(rows):
        for c in range(len(packed.output)):
            for j in range(width):
                sums[b, j] += work.d_logits[b, c] * packed.output[c, j]
    last = steps * rows  # rows before this one wait to be summed
    for t in range(steps, 0, -1):
        if t < steps:
            weighted_batch(
                d_pre, t * rows * wide, wide, rows, packed.weight, wide, PANEL, hidden, width, sums
            )
        for b in range(rows):
            state_row, row = t * rows + b, (t - 1) * rows + b
            for j in range(width):
                slope = 1 - z[state_row, j] * z[state_row, j]
                d_pre[row, j] = sums[b, j] * slope if hidden_lanes[j] > 0 else np.float32(0)
        first = (t - 1) * rows
        if last - first >= TILE or t == 1:
            _gather(work, first, last, hidden)
            last = first
    if not hidden_bias:
        for i in range(hidden):
            for j in range(hidden + channels, hidden + channels + 2):
                work.gradient[i, j] = 0


@inlined
def _descend(packed: Packed, work: _Workspace, steps: int, rate: np.float32) -> None:
    """Update all weights; `rate` is the learning rate over the size of the batch."""
    weight, weight_t, output, rows = packed.weight, packed.weight_t, packed.output, len(work.sums)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            weight[i, j] -= rate * work.gradient[i, j]
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            weight_t[j, i] = weight[i, j]
    for c in range(len(output)):
        for b in range(rows):
            step = rate * work.d_logits[b, c]
            for j in range(output.shape[1]):
                output[c, j] -= step * work.z[steps * rows + b, j]


@inlined
def _train_batch(
    packed: Packed, work: _Workspace, inputs: np.ndarray, labels: np.ndarray, batch: np.ndarray,
    hidden: int, learning_rate: np.float32, hidden_bias: bool,
) -> tuple[float, float]:  # fmt: skip
    """Update once; return the sums of both losses over the batch."""
    (T, channels), rows = inputs.shape[1:], len(work.sums)
    _forward(packed.weight_t, work, hidden, inputs, batch)
    cross_entropy, likelihood = 0.0, 0.0
    work.d_logits[:] = 0
    for b in range(len(batch)):
        losses = loss_and_gradient(
            packed.output, work.z, T * rows + b, labels[batch[b]], work.d_logits[b]
        )
        cross_entropy += losses[0]
        likelihood += losses[1]
    _backward(packed, work, hidden, channels, T, hidden_bias)
    _descend(packed, work, T, np.float32(learning_rate / np.float32(len(batch))))
    return cross_entropy, likelihood


@entry_point
def _train(
    packed: Packed, work: _Workspace, inputs: np.ndarray, labels: np.ndarray,
    order: np.ndarray, batch_size: int, hidden: int, learning_rate: np.float32,
    hidden_bias: bool,
) -> tuple[float, float]:  # fmt: skip
    denormals = flush_denormals()
    cross_entropy, likelihood = 0.0, 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        losses = _train_batch(
            packed, work, inputs, labels, batch, hidden, learning_rate, hidden_bias
        )
        cross_entropy += losses[0]
        likelihood += losses[1]
    restore_denormals(denormals)
    return cross_entropy, likelihood


def train_epoch(
    params: ElmanClassifier,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
    *,
    batch_size: int,
    learning_rate: float,
    hidden_bias: bool = True,
    threads: int = 1,
) -> tuple[ElmanClassifier, dict[str, Tensor]]:
    """Train on `inputs` (N, T, D), one update a batch; arguments and result: `kernels`.

    `hidden_bias=False`: `bias_ih` and `bias_hh` stay as they are.
    """
    check_counts(batch_size=batch_size, threads=threads)
    check_inputs(params, inputs)
    check_indices(params.output, len(inputs), labels, order)
    R, n = order.shape
    T, H = inputs.shape[1], params.rnn.bias_hh.shape[1]
    size = min(batch_size, n)
    data = inputs.contiguous().numpy(), labels.contiguous().numpy()
    rows = order.contiguous().numpy()
    packed = [pack(params, r) for r in range(R)]

    def run(r: int) -> np.ndarray:
        work = _workspace(packed[r], H, T, size)
        totals = np.zeros(2)
        for first in range(0, n, CHUNK * size):
            part = rows[r, first : first + CHUNK * size]
            totals += _train(
                packed[r], work, *data, part, size, H, np.float32(learning_rate), bool(hidden_bias)
            )
        return totals

    means = torch.from_numpy(np.stack(map_replicates(run, R, threads)) / n)  # (R, 2)
    losses = {"binary_cross_entropy": means[:, 0], "negative_log_likelihood": means[:, 1]}
    return unpack(packed, params), losses
