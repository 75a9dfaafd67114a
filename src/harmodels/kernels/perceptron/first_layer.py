"""The perceptron's first layer, whose updates wait for the end of a group: docs/kernels.md."""

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.perceptron.packing import Packed
from harmodels.kernels.perceptron.workspace import Options, Powers, Workspace
from harmodels.kernels.simd.batched_updates import apply_rank1_updates
from harmodels.kernels.simd.emitter import LANES
from harmodels.kernels.simd.products import (
    BATCH_ROWS,
    PANEL,
    transpose,
    transpose_to_panels,
    weighted_batch,
    weighted_rows,
)
from harmodels.kernels.simd.strided_product import ROWS, Size, View, product


@inlined
def load(work: Workspace, inputs: np.ndarray, rows: np.ndarray, start: int, count: int) -> None:
    """Copy the samples of a group, [x | 1 | 0], and their transpose."""
    D = inputs.shape[1]
    for k in range(count):
        row = rows[start + k]
        for d in range(D):
            work.samples[k, d] = inputs[row, d]
        work.samples[k, D] = 1
    transpose_to_panels(work.samples, count, work.samples.shape[1], work.samples_t)


@inlined
def project(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, count: int, options: Options
) -> None:
    """Fill `pre` as if the group's updates were momentum alone: (W + momentum_sum_u V) x."""
    samples_t, product, moved = work.samples_t, work.product, work.velocity_product
    rows = -(-options.hidden1 // BATCH_ROWS) * BATCH_ROWS
    width, panel = -(-count // LANES) * LANES, samples_t.shape[1] * PANEL
    depth, wide = options.inputs + 1, weights.hidden1.shape[1]
    weighted_batch(weights.hidden1, 0, wide, rows, samples_t, PANEL, panel, depth, width, product)
    if len(velocity.hidden1) > 0 and count > options.batch_size:
        weighted_batch(
            velocity.hidden1, 0, wide, rows, samples_t, PANEL, panel, depth, width, moved
        )
        for k in range(count):
            work.factors[k] = powers.momentum_sum[k // options.batch_size]
        for i in range(options.hidden1):
            for k in range(count):
                product[i, k] += work.factors[k] * moved[i, k]
    transpose(product, options.hidden1, count, work.pre)


@inlined
def fill_gram(work: Workspace, count: int) -> None:
    """Fill `gram`: x_j · x_k for all samples of the group."""
    rows = -(-count // BATCH_ROWS) * BATCH_ROWS
    width, panel = -(-count // LANES) * LANES, work.samples_t.shape[1] * PANEL
    wide = work.samples.shape[1]
    weighted_batch(
        work.samples, 0, wide, rows, work.samples_t, PANEL, panel, wide, width, work.gram
    )


@inlined
def add_earlier_updates(
    work: Workspace, powers: Powers, k: int, begin: int, options: Options
) -> None:
    """Add to `pre[k]` the effect of the group's earlier updates, by the samples before `begin`."""
    width, u, moved = work.pre.shape[1], k // options.batch_size, work.correction
    for j in range(begin):
        work.factors[j] = work.gram[k, j] * powers.power_sum[u - j // options.batch_size]
    work.factors[begin] = 0  # an even number is summed
    weighted_rows(
        work.factors, 0, work.step1, 0, width, (begin + 1) // 2 * 2, width, moved, 0, False
    )
    for i in range(options.hidden1):
        work.pre[k, i] += moved[i]


@inlined
def descend(
    weight: np.ndarray, velocity: np.ndarray, decay: float, factors: np.ndarray, f: View,
    steps: np.ndarray, m: View, height: int, count: int,
) -> None:  # fmt: skip
    """Update the first `height` rows of a weight matrix by factors · steps, `count` samples."""
    width = weight.shape[1]
    if len(velocity) == 0:
        rows = View(0, width, 1)
        product(factors, f, steps, m, weight, rows, weight, rows, Size(height, count, width))
        return
    for i in range(0, height, ROWS):  # while these rows are in the first-level cache
        end, rows = min(i + ROWS, height), View(i * width, width, 1)
        for j in range(i, end):
            for n in range(width):
                velocity[j, n] *= decay
        product(
            factors, View(f.at + i * f.row, f.row, f.column), steps, m,
            velocity, rows, velocity, rows, Size(end - i, count, width),
        )  # fmt: skip
        for j in range(i, end):
            for n in range(width):
                weight[j, n] += velocity[j, n]


@inlined
def _build_step_lists(work: Workspace, count: int, options: Options) -> None:
    """List for every unit the samples of the group with a step at it, in `users` and `dots`."""
    transpose(work.step1, count, options.hidden1, work.product)
    for i in range(options.hidden1):
        n = 0
        for k in range(count):
            step = work.product[i, k]
            work.users[i, n] = k
            work.dots[i, n] = step
            n += 1 if step != 0 else 0
        work.ends[i] = n


@inlined
def update_first(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, count: int, options: Options
) -> None:
    """Make all updates of the group in the first layer, of `count` samples."""
    if options.batch_size > 1 and count <= options.batch_size:
        transpose(work.step1, count, options.hidden1, work.product)
        descend(
            weights.hidden1, velocity.hidden1, powers.decay[1],
            work.product, View(0, work.product.shape[1], 1),
            work.samples, View(0, work.samples.shape[1], 1), options.hidden1, count,
        )  # fmt: skip
        return
    updates = -(-count // options.batch_size)
    for k in range(count):
        later = updates - 1 - k // options.batch_size
        work.shares[k, 0] = powers.power_sum[later + 1]
        work.shares[k, 1] = powers.decay[later]
    _build_step_lists(work, count, options)
    apply_rank1_updates(
        weights.hidden1, velocity.hidden1, options.hidden1, powers.momentum_sum[updates],
        powers.decay[updates], work.users, work.dots, work.users.shape[1], work.ends,
        work.shares, work.samples,
    )  # fmt: skip
