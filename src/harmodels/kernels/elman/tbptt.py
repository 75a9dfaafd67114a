"""Truncated BPTT of the Elman classifier, compiled: the same meaning as `loops.tbptt`.

The loop and its reasons: docs/kernels.md; layout of the parameters: `packing`.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.checks import (
    check_counts,
    check_indices,
    check_range,
    check_scored,
)
from harmodels.kernels.compiling import entry_point, inlined
from harmodels.kernels.elman.forward import forward
from harmodels.kernels.elman.output_layer import loss_and_gradient
from harmodels.kernels.elman.packing import (
    Packed,
    Sequences,
    Workspace,
    pack,
    read_sequences,
    unpack,
    workspace,
)
from harmodels.kernels.kept import Kept
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.elementary import clipped, dot
from harmodels.kernels.simd.products import descend, weighted_rows
from harmodels.kernels.threads import ROW, map_replicates
from harmodels.kernels.weights import total_weight, weight_array
from harmodels.models.elman import ElmanClassifier

# Sequences whose losses are added up first, which enters the rounding of a loss.
CHUNK = 512
# Steps of a sequence that is scored whose states are in memory.
SCORED_STEPS = 256


class _Options(NamedTuple):
    hidden: int
    window: int
    learning_rate: np.float32
    clip: np.float32  # infinite where nothing is clipped
    transposed: bool
    once: bool  # one update a sequence; otherwise one a window
    mean: bool  # that update averages over the windows
    first_step_bias: bool
    logged_every: int  # log the last window of every so many sequences; 0: every window


@inlined
def _backward(packed: Packed, work: Workspace, first: int, last: int, options: _Options) -> None:
    """Fill d_pre[first:last], from the output layer back to the window's first step.

    Lanes that hold no hidden unit are set to zero, so the padding of the weights never moves.
    """
    z, d_pre, sums, hidden_lanes = work.z, work.d_pre, work.sums, work.hidden_lanes
    recursion = packed.weight if options.transposed else packed.weight_t
    width = packed.weight_t.shape[1]
    count = (options.hidden + 1) // 2 * 2
    for j in range(width):
        sums[j] = 0
    for c in range(len(packed.output)):
        for j in range(width):
            sums[j] += work.d_logits[c] * packed.output[c, j]
    for t in range(last, first, -1):
        if t < last:
            weighted_rows(
                d_pre, t * d_pre.shape[1], recursion, 0, recursion.shape[1], count, width,
                sums, 0, (t - first) % 2 == 1,
            )  # fmt: skip
        for j in range(width):
            slope = np.float32(1) - z[t, j] * z[t, j]
            d_pre[t - 1, j] = sums[j] * slope if hidden_lanes[j] > 0 else np.float32(0)


@inlined
def _descend_output(output: np.ndarray, work: Workspace, last: int, options: _Options) -> None:
    """Gradient, clipping and update of the output layer after a window."""
    for c in range(len(output)):
        for j in range(output.shape[1]):
            gradient = clipped(work.d_logits[c] * work.z[last, j], options.clip)
            output[c, j] -= options.learning_rate * gradient


@inlined
def _add_output(work: Workspace, share: np.float32, last: int) -> None:
    """Scale the gradient at the logits by `share` and add the output layer's gradient."""
    for c in range(len(work.d_logits)):
        work.d_logits[c] *= share
        for j in range(work.z.shape[1]):
            work.d_output[c, j] += work.d_logits[c] * work.z[last, j]


@inlined
def _descend_summed_output(output: np.ndarray, work: Workspace, options: _Options) -> None:
    """Clipping and update of the output layer after a sequence; clears its gradient."""
    for c in range(len(output)):
        for j in range(output.shape[1]):
            gradient = clipped(work.d_output[c, j], options.clip)
            output[c, j] -= options.learning_rate * gradient
            work.d_output[c, j] = 0


@inlined
def _train_sequence(
    packed: Packed, work: Workspace, sequence: np.ndarray, label: int, weight: float,
    options: _Options,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Update by `sequence` (T, D); return the sums of both losses, and those of its last window.

    With an update after every window its rows of z and d_pre are 0 to `steps`. With one update a
    sequence the weights are constant and the rows of all windows lie behind each other: the sum
    of the windows' gradients is then one product over all steps, and so is their mean, since the
    backward pass is linear in the gradient at the logits.
    """
    hidden, z, T = options.hidden, work.z, len(sequence)
    cross_entropy, likelihood, last_loss, last_likelihood = 0.0, 0.0, 0.0, 0.0
    share, first, stop = np.float32(1), 0, work.stop
    if options.mean:
        share = np.float32(1 / ((T + options.window - 1) // options.window))
    for j in range(hidden):
        z[0, j] = 0
    for start in range(0, T, options.window):
        if stop[0] != 0:
            break
        steps = min(options.window, T - start)
        last = first + steps
        forward(packed.weight_t, z, first, work.sums, hidden, sequence, start, steps)
        last_loss, last_likelihood = loss_and_gradient(
            packed.output, z, last, label, weight, work.d_logits
        )
        cross_entropy += last_loss
        likelihood += last_likelihood
        if options.once:
            _add_output(work, share, last)
        _backward(packed, work, first, last, options)
        if options.once:
            first = last
            if start + steps < T:
                continue
            _descend_summed_output(packed.output, work, options)
        else:
            _descend_output(packed.output, work, last, options)
        if not options.first_step_bias and (options.once or start == 0):
            z[0, hidden + sequence.shape[1] + 1] = 0  # the factor of bias_hh
        descend(
            work.d_pre, z, last, hidden, z.shape[1], packed.weight, packed.weight_t,
            options.clip, options.learning_rate,
        )  # fmt: skip
        for j in range(hidden):
            z[0, j] = z[last, j]
    return cross_entropy, likelihood, last_loss, last_likelihood


@entry_point
def _train(
    packed: Packed, work: Workspace, data: Sequences, labels: np.ndarray, weights: np.ndarray,
    order: np.ndarray, chunk: int, options: _Options,
) -> tuple[float, float]:  # fmt: skip
    denormals = flush_denormals()
    cross_entropy, likelihood, earlier, earlier_likelihood = 0.0, 0.0, 0.0, 0.0
    for place, row in enumerate(order):
        if work.stop[0] != 0:
            break
        if place % chunk == 0:
            earlier, earlier_likelihood = earlier + cross_entropy, earlier_likelihood + likelihood
            cross_entropy, likelihood = 0.0, 0.0
        start = data.starts[row]
        sequence = data.frames[start : start + data.lengths[row]]
        weight = np.float64(weights[row]) if len(weights) > 0 else 1.0
        losses = _train_sequence(packed, work, sequence, labels[row], weight, options)
        if options.logged_every == 0:
            cross_entropy += losses[0]
            likelihood += losses[1]
        elif place % options.logged_every == 0:
            cross_entropy += losses[2]
            likelihood += losses[3]
    restore_denormals(denormals)
    return earlier + cross_entropy, earlier_likelihood + likelihood


@entry_point
def _score(
    packed: Packed, work: Workspace, data: Sequences, indices: np.ndarray, hidden: int,
    logits: np.ndarray,
) -> None:  # fmt: skip
    denormals = flush_denormals()
    z = work.z
    for s, row in enumerate(indices):
        start, T, last = data.starts[row], data.lengths[row], 0
        sequence = data.frames[start : start + T]
        for j in range(hidden):
            z[0, j] = 0
        for begin in range(0, T, len(z) - 1):
            if work.stop[0] != 0:
                break
            for j in range(hidden):
                z[0, j] = z[last, j]
            last = min(len(z) - 1, T - begin)
            forward(packed.weight_t, z, 0, work.sums, hidden, sequence, begin, last)
        for c in range(len(packed.output)):
            logits[s, c] = dot(packed.output, c, z, last)
    restore_denormals(denormals)


def train_epoch(
    params: ElmanClassifier,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    labels: Tensor,
    order: Tensor,
    *,
    window: int,
    learning_rate: float,
    clip: float | None,
    transposed: bool = True,
    update: str = "window",
    first_step_bias: bool = True,
    logged_every: int = 0,
    weights: Tensor | None = None,
    threads: int = 1,
    kept: Kept | None = None,
) -> tuple[ElmanClassifier, dict[str, Tensor]]:
    """Train sequence by sequence; arguments and result: `kernels`, options: `loops.tbptt`."""
    check_counts(window=window, threads=threads)
    data = read_sequences(params, frames, starts, lengths)
    check_indices(params.output, len(starts), labels, order, weights)
    R, n = order.shape
    H = params.rnn.bias_hh.shape[1]
    longest = int(lengths.max())
    options = _Options(
        hidden=H,
        window=min(window, longest),
        learning_rate=np.float32(learning_rate),
        clip=np.float32(np.inf if clip is None else clip),
        transposed=bool(transposed),
        once=update != "window",
        mean=update == "sequence_mean",
        first_step_bias=bool(first_step_bias),
        logged_every=logged_every,
    )
    truth, rows = labels.contiguous().numpy(), order.contiguous().numpy()
    shares, kept = weight_array(weights), kept or Kept()
    packed = kept.take(params) or [pack(params, r) for r in range(R)]

    def run(r: int, stop: np.ndarray) -> tuple[float, float]:
        work = workspace(packed[r], H, longest if options.once else options.window, stop)
        return _train(packed[r], work, data, truth, shares, rows[r], CHUNK, options)

    macs = 3 * _multiply_adds(packed[0], data.lengths[rows[0]])
    totals = np.array(map_replicates(run, R, threads, work=macs, kernel=_train))  # (R, 2)
    if logged_every:
        logged = np.arange(n) % logged_every == 0  # one loss of each of these sequences
    else:
        logged = (-(-data.lengths // window))[rows]
    means = torch.from_numpy(totals / total_weight(shares, rows, logged))
    losses = {"binary_cross_entropy": means[:, 0], "negative_log_likelihood": means[:, 1]}
    trained = unpack(packed, params)
    kept.keep(packed, trained)
    return trained, losses


def _multiply_adds(packed: Packed, lengths: np.ndarray) -> float:
    """Return about what one forward pass takes."""
    return float(lengths.sum()) * (packed.weight.size + ROW)


def scores(
    params: ElmanClassifier,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    indices: Tensor,
    *,
    threads: int = 1,
) -> Tensor:
    """Return the logits (R, n, C) after each whole sequence of `indices`, (n,) or (R, n).

    `loops.tbptt.scores`, compiled; the other arguments and the errors are those of `train_epoch`.
    """
    check_counts(threads=threads)
    data = read_sequences(params, frames, starts, lengths)
    check_scored(indices, params.output)
    R, H = params.rnn.bias_hh.shape
    rows = indices.expand(R, -1).contiguous().numpy()
    logits = np.empty((*rows.shape, params.output.bias.shape[1]), np.float32)
    if not rows.size:
        return torch.from_numpy(logits)
    check_range("indices", indices, len(starts))

    packed = [pack(params, r) for r in range(R)]
    steps = min(SCORED_STEPS, int(data.lengths[rows].max()))

    def run(r: int, stop: np.ndarray) -> None:
        work = workspace(packed[r], H, steps, stop)
        _score(packed[r], work, data, rows[r], H, logits[r])

    macs = _multiply_adds(packed[0], data.lengths[rows[0]])
    map_replicates(run, R, threads, work=macs, kernel=_score)
    return torch.from_numpy(logits)
