"""The plain path of the compiled perceptron: whole gradients of a batch, and then a step.

Activations of the first layer lie transposed, units by samples, those of the second samples by
units; so every product reads rows of the weights as they are packed, and only activations are
transposed. Which batches come here: `training.is_plain`.
"""

from typing import NamedTuple

import numpy as np

from harmodels.kernels.compiling import entry_point, inlined
from harmodels.kernels.perceptron.packing import Packed, empty
from harmodels.kernels.perceptron.workspace import Options
from harmodels.kernels.simd.denormals import flush_denormals, restore_denormals
from harmodels.kernels.simd.emitter import LANES, odd_lines, padded, zeros
from harmodels.kernels.simd.products import transpose
from harmodels.kernels.simd.strided_product import Size, View, product
from harmodels.kernels.softmax import loss_and_gradient
from harmodels.kernels.steps import StepOptions, take_step
from harmodels.models.mlp import Mlp

# Samples whose activations are in memory at once; a larger batch adds up its gradient in parts.
TILE = 64


class Tile(NamedTuple):
    """Working arrays for a part of a batch, K samples; Kp rounded up, an odd number of lines."""

    samples: np.ndarray  # (K, Dp), rows [x | 1 | 0]
    samples_t: np.ndarray  # (Dp, Kp)
    pre: np.ndarray  # (N1, Kp), pre-activations of the first layer
    outputs1: np.ndarray  # (N1 + 1, Kp), what the second layer reads, and 1 for its bias
    d_pre: np.ndarray  # (N1, Kp)
    outputs2: np.ndarray  # (K, N2p), rows [relu | 1 | 0]
    outputs2_t: np.ndarray  # (N2p, Kp)
    d_outputs2: np.ndarray  # (K, N2p)
    d_outputs2_t: np.ndarray  # (N2p, Kp)
    logits_t: np.ndarray  # (C, Kp)
    logits: np.ndarray  # (C,) float64, of a sample
    d_logits: np.ndarray  # (K, C)
    zeros: np.ndarray  # (1, Kp or N2p), where sums start
    gradient: Packed
    stop: np.ndarray  # (1,) int64, not zero once the result is no longer wanted


def tile(params: Mlp, options: Options, samples: int, stop: np.ndarray) -> Tile:
    """Return arrays for parts of at most `samples` samples."""
    K, columns = padded(samples), odd_lines(samples)
    wide1, wide2 = padded(options.inputs + 1), padded(options.hidden2 + 1)
    classes = params.output.bias.shape[1]
    outputs1 = zeros(options.hidden1 + 1, columns)
    outputs1[-1] = 1
    return Tile(
        samples=zeros(K, wide1),
        samples_t=zeros(wide1, columns),
        pre=zeros(options.hidden1, columns),
        outputs1=outputs1,
        d_pre=zeros(options.hidden1, columns),
        outputs2=zeros(K, wide2),
        outputs2_t=zeros(wide2, columns),
        d_outputs2=zeros(K, wide2),
        d_outputs2_t=zeros(wide2, columns),
        logits_t=zeros(classes, columns),
        logits=np.zeros(classes),
        d_logits=zeros(K, classes),
        zeros=zeros(1, max(columns, wide2)),
        gradient=empty(params),
        stop=stop,
    )


@inlined
def _activate(
    work: Tile, count: int, masks: np.ndarray, first: int, masked: bool, options: Options
) -> None:
    """Fill `outputs1` from `pre`; if `masked`, by the masks from row `first` on. NaN stays."""
    N1 = options.hidden1
    for i in range(N1):
        for k in range(count):
            v = work.pre[i, k] * options.scale
            work.outputs1[i, k] = np.float32(0) if v <= 0 else v
        if masked:
            for k in range(count):
                work.outputs1[i, k] *= np.float32(masks[first + k, i])
    for k in range(count):
        kept = not (masked and options.as_programmed) or masks[first + k, N1] != 0
        work.outputs1[N1, k] = np.float32(kept)


@inlined
def _forward(
    weights: Packed, work: Tile, inputs: np.ndarray, rows: np.ndarray, masks: np.ndarray,
    first: int, count: int, options: Options,
) -> None:  # fmt: skip
    """Fill the tile's activations and logits for the samples `rows`, `count` from `first` on."""
    D, N1, N2, C = options.inputs, options.hidden1, options.hidden2, len(weights.output)
    wide1, wide2 = weights.hidden1.shape[1], weights.hidden2.shape[1]
    columns, width = work.pre.shape[1], -(-count // LANES) * LANES
    none = View(0, 0, 1)
    for k in range(count):
        row = rows[first + k]
        for d in range(D):
            work.samples[k, d] = inputs[row, d]
        work.samples[k, D] = 1
    transpose(work.samples, count, D + 1, work.samples_t)
    product(
        weights.hidden1, View(0, wide1, 1), work.samples_t, View(0, columns, 1),
        work.zeros, none, work.pre, View(0, columns, 1), Size(N1, D + 1, width),
    )  # fmt: skip
    _activate(work, count, masks, first, options.dropout_mask, options)
    product(
        work.outputs1, View(0, 1, columns), weights.hidden2, View(0, wide2, 1),
        work.zeros, none, work.outputs2, View(0, wide2, 1), Size(count, N1 + 1, wide2),
    )  # fmt: skip
    for k in range(count):
        for j in range(N2):
            v = work.outputs2[k, j]
            work.outputs2[k, j] = np.float32(0) if v <= 0 else v
        work.outputs2[k, N2] = 1
    transpose(work.outputs2, count, N2 + 1, work.outputs2_t)
    product(
        weights.output, View(0, wide2, 1), work.outputs2_t, View(0, columns, 1),
        work.zeros, none, work.logits_t, View(0, columns, 1), Size(C, N2 + 1, width),
    )  # fmt: skip


@inlined
def _backward(
    weights: Packed, work: Tile, masks: np.ndarray, first: int, count: int, options: Options
) -> None:
    """Add the gradient of the tile's samples to `gradient`, by their `d_logits`."""
    N1, N2, C = options.hidden1, options.hidden2, len(weights.output)
    wide1, wide2 = weights.hidden1.shape[1], weights.hidden2.shape[1]
    columns, width = work.pre.shape[1], -(-count // LANES) * LANES
    gradient, none = work.gradient, View(0, 0, 1)
    if options.as_programmed:  # from here on there is no mask
        _activate(work, count, masks, first, False, options)
    product(
        work.d_logits, View(0, 1, C), work.outputs2, View(0, wide2, 1),
        gradient.output, View(0, wide2, 1), gradient.output, View(0, wide2, 1),
        Size(C, count, wide2),
    )  # fmt: skip
    product(
        work.d_logits, View(0, C, 1), weights.output, View(0, wide2, 1),
        work.zeros, none, work.d_outputs2, View(0, wide2, 1), Size(count, C, wide2),
    )  # fmt: skip
    for k in range(count):
        for j in range(N2):
            active = work.outputs2[k, j] > 0
            work.d_outputs2[k, j] = work.d_outputs2[k, j] if active else np.float32(0)
        work.d_outputs2[k, N2] = 0  # where the product has the output's bias
    transpose(work.d_outputs2, count, N2, work.d_outputs2_t)
    product(
        work.outputs1, View(0, columns, 1), work.d_outputs2, View(0, wide2, 1),
        gradient.hidden2, View(0, wide2, 1), gradient.hidden2, View(0, wide2, 1),
        Size(N1 + 1, count, wide2),
    )  # fmt: skip
    product(
        weights.hidden2, View(0, wide2, 1), work.d_outputs2_t, View(0, columns, 1),
        work.zeros, none, work.d_pre, View(0, columns, 1), Size(N1, N2, width),
    )  # fmt: skip
    for i in range(N1):
        for k in range(count):
            d = work.d_pre[i, k] * options.scale
            work.d_pre[i, k] = np.float32(0) if work.outputs1[i, k] <= 0 else d
    product(
        work.d_pre, View(0, columns, 1), work.samples, View(0, wide1, 1),
        gradient.hidden1, View(0, wide1, 1), gradient.hidden1, View(0, wide1, 1),
        Size(N1, count, wide1),
    )  # fmt: skip


@entry_point
def train_plain(
    weights: Packed, velocity: Packed, work: Tile, inputs: np.ndarray, labels: np.ndarray,
    shares: np.ndarray, rows: np.ndarray, masks: np.ndarray, rates: np.ndarray, decay: np.ndarray,
    options: Options, step: StepOptions,
) -> float:  # fmt: skip
    """Train one replicate for an epoch; return the sum of its cross-entropies times `shares`."""
    denormals = flush_denormals()
    loss, n, most = 0.0, len(rows), len(work.samples)
    for begin in range(0, n, options.batch_size):
        end = min(begin + options.batch_size, n)
        mean = 1.0 / (end - begin) if options.mean else 1.0
        for first in range(begin, end, most):
            if work.stop[0] != 0:
                break
            count = min(most, end - first)
            _forward(weights, work, inputs, rows, masks, first, count, options)
            for k in range(count):
                for c in range(len(work.logits)):
                    work.logits[c] = work.logits_t[c, k]
                row = rows[first + k]
                share = np.float64(shares[row]) if len(shares) > 0 else 1.0
                loss += share * loss_and_gradient(
                    work.logits, labels[row], options.variant, share * mean, work.d_logits, k
                )
            _backward(weights, work, masks, first, count, options)
        take_step(
            weights.flat, work.gradient.flat, velocity.flat, velocity.flat, 0.0,
            rates[begin // options.batch_size], decay, step,
        )  # fmt: skip
    restore_denormals(denormals)
    return loss


@entry_point
def score_plain(
    weights: Packed, work: Tile, inputs: np.ndarray, rows: np.ndarray, masks: np.ndarray,
    options: Options, logits: np.ndarray,
) -> None:  # fmt: skip
    """Write the logits (n, C) of the samples `rows`, without masks."""
    denormals = flush_denormals()
    for first in range(0, len(rows), len(work.samples)):
        if work.stop[0] != 0:
            break
        count = min(len(work.samples), len(rows) - first)
        _forward(weights, work, inputs, rows, masks, first, count, options)
        for k in range(count):
            for c in range(logits.shape[1]):
                logits[first + k, c] = work.logits_t[c, k]
    restore_denormals(denormals)
