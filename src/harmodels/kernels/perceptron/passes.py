"""Passes of the compiled perceptron: one group of samples at a time, one update after another.

The reasons and the formulas of a group are in docs/kernels.md. Sample k of a group belongs to its
update u = k // batch_size. Backward quantities (`step1`, `step2`, `step3`) are gradients scaled by
minus the learning rate.
"""

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.perceptron.first_layer import add_earlier_updates, descend
from harmodels.kernels.perceptron.packing import Packed
from harmodels.kernels.perceptron.workspace import Options, Powers, Workspace
from harmodels.kernels.simd.elementary import dot
from harmodels.kernels.simd.emitter import LANES
from harmodels.kernels.simd.products import transpose
from harmodels.kernels.simd.sparse import back_and_update_one, gathered_rows
from harmodels.kernels.simd.strided_product import Size, View, product
from harmodels.kernels.softmax import loss_and_gradient


@inlined
def activate(
    work: Workspace, k: int, mask: np.ndarray, row: int, masked: bool, options: Options
) -> None:
    """List the units that sample k leaves above zero, with their outputs; NaN counts as above.

    If `masked`, without those that dropout drops. The list ends with the unit whose output is
    always 1 (0 if the program's dropout drops it), and a zero if that makes it even.
    """
    N1, n = options.hidden1, 0
    active, outputs = work.active, work.outputs1
    for i in range(N1):
        v = work.pre[k, i]
        active[k, n] = i
        outputs[k, n] = v * options.scale
        kept = not (v <= 0)
        if masked:
            kept = kept and mask[row, i] != 0
        n += 1 if kept else 0
    active[k, n] = N1
    outputs[k, n] = 1
    if masked and options.as_programmed:
        outputs[k, n] = np.float32(mask[row, N1] != 0)
    active[k, n + 1] = N1
    outputs[k, n + 1] = 0
    work.counts[k] = n + 1


@inlined
def _activate_all(
    work: Workspace, mask: np.ndarray, start: int, begin: int, end: int, masked: bool,
    options: Options,
) -> None:  # fmt: skip
    """Fill `outputs1` with the outputs of all units, and the one that is always 1; as `activate`.

    What dropout drops is zero if `masked`.
    """
    N1, outputs = options.hidden1, work.outputs1
    for k in range(begin, end):
        for i in range(N1):
            v = work.pre[k, i] * options.scale
            outputs[k, i] = np.float32(0) if v <= 0 else v  # NaN stays
        if masked:
            for i in range(N1):
                outputs[k, i] *= np.float32(mask[start + k, i] != 0)
        outputs[k, N1] = 1
        if masked and options.as_programmed:
            outputs[k, N1] = np.float32(mask[start + k, N1] != 0)


@inlined
def second_layer(weights: Packed, work: Workspace, k: int, options: Options) -> None:
    """Fill `outputs2[k]` and `logits` from the list of sample k."""
    hidden2 = weights.hidden2
    width = hidden2.shape[1]
    gathered_rows(
        work.outputs1, k * work.outputs1.shape[1], work.active, k * work.active.shape[1],
        (work.counts[k] + 1) // 2 * 2, hidden2, width, work.outputs2, k * width,
    )  # fmt: skip
    _output(weights, work, k, options)


@inlined
def _second_layer_of_all(
    weights: Packed, work: Workspace, begin: int, end: int, options: Options
) -> None:
    """Fill `outputs2` with the second layer's pre-activations of a mini-batch."""
    outputs1, outputs2, width = work.outputs1, work.outputs2, weights.hidden2.shape[1]
    stride = outputs1.shape[1]
    product(
        outputs1, View(begin * stride, stride, 1),
        weights.hidden2, View(0, width, 1),
        work.zeros, View(0, 0, 1),
        outputs2, View(begin * width, width, 1),
        Size(end - begin, options.hidden1 + 1, width),
    )  # fmt: skip


@inlined
def _output(weights: Packed, work: Workspace, k: int, options: Options) -> None:
    """Activate `outputs2[k]`, and fill `logits` from it."""
    outputs = work.outputs2
    for j in range(options.hidden2):
        outputs[k, j] = np.float32(0) if outputs[k, j] <= 0 else outputs[k, j]
    outputs[k, options.hidden2] = 1
    for c in range(len(work.logits)):
        work.logits[c] = dot(weights.output, c, outputs, k)


@inlined
def _back_to_second(weights: Packed, work: Workspace, k: int, options: Options) -> None:
    """Fill `step2[k]`, the steps at the second layer's pre-activations."""
    step2, N2 = work.step2, options.hidden2
    for j in range(N2):
        step2[k, j] = 0
    for c in range(len(weights.output)):
        for j in range(N2):
            step2[k, j] += work.step3[k, c] * weights.output[c, j]
    for j in range(N2):
        step2[k, j] = step2[k, j] if work.outputs2[k, j] > 0 else np.float32(0)


@inlined
def _update_output(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, begin: int, end: int
) -> None:
    """Update the output layer by the samples from `begin` to `end`."""
    output, velocity3, width = weights.output, velocity.output, weights.output.shape[1]
    momentum = len(velocity3) > 0
    for c in range(len(output)):
        if momentum:
            for j in range(width):
                velocity3[c, j] *= powers.decay[1]
                output[c, j] += velocity3[c, j]
        for k in range(begin, end):
            for j in range(width):
                output[c, j] += work.step3[k, c] * work.outputs2[k, j]
            if momentum:
                for j in range(width):
                    velocity3[c, j] += work.step3[k, c] * work.outputs2[k, j]


@inlined
def _move_row(weights: Packed, velocity: Packed, powers: Powers, i: int, missed: int) -> None:
    """Move row i of the second layer by the momentum of the updates that did not use it."""
    hidden2, velocity2 = weights.hidden2, velocity.hidden2
    moved, decay = powers.momentum_sum[missed], powers.decay[missed]
    for j in range(hidden2.shape[1]):
        hidden2[i, j] += moved * velocity2[i, j]
        velocity2[i, j] *= decay


@inlined
def _move_rows(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, k: int, now: int
) -> None:
    """Bring the rows that sample k uses to update `now`."""
    if len(velocity.hidden2) > 0:
        for n in range(work.counts[k]):
            i = work.active[k, n]
            if work.seen[i] < now:
                _move_row(weights, velocity, powers, i, now - work.seen[i])
            work.seen[i] = now + 1


@inlined
def move_all_rows(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, now: int
) -> None:
    """Bring the whole second layer to update `now`."""
    for i in range(len(velocity.hidden2)):
        _move_row(weights, velocity, powers, i, now - work.seen[i])
        work.seen[i] = now


@inlined
def _update_second_by_one(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, k: int, options: Options
) -> None:
    """Update the second layer by sample k and fill `step1[k]`."""
    r, v = k * work.active.shape[1], k * work.outputs1.shape[1]
    for i in range(options.hidden1):
        work.step1[k, i] = 0
    for n in range(work.counts[k]):
        work.dots1[n] = 0
    back_and_update_one(
        weights.hidden2, velocity.hidden2, powers.decay[1], work.active, r, work.outputs1, v,
        work.dots1, work.counts[k], work.step2, k * work.step2.shape[1],
    )  # fmt: skip
    for n in range(work.counts[k] - 1):
        work.step1[k, work.active[k, n]] = work.dots1[n] * options.scale


@inlined
def _update_second(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, begin: int, end: int,
    options: Options,
) -> None:  # fmt: skip
    """Update the second layer by the samples from `begin` to `end` and fill their `step1`."""
    count, N1, stride = end - begin, options.hidden1, work.outputs1.shape[1]
    width, wide = weights.hidden2.shape[1], work.product.shape[1]
    transpose(work.step2[begin:], count, options.hidden2, work.step2_t)
    product(
        weights.hidden2, View(0, width, 1),
        work.step2_t, View(0, wide, 1),
        work.zeros, View(0, 0, 1),
        work.product, View(0, wide, 1),
        Size(N1, options.hidden2, -(-count // LANES) * LANES),
    )  # fmt: skip
    transpose(work.product, N1, count, work.step1[begin:])
    for k in range(begin, end):
        for i in range(N1):
            kept = not (work.outputs1[k, i] <= 0)
            work.step1[k, i] = work.step1[k, i] * options.scale if kept else np.float32(0)
    descend(
        weights.hidden2, velocity.hidden2, powers.decay[1],
        work.outputs1, View(begin * stride, 1, stride),
        work.step2, View(begin * width, width, 1), N1 + 1, count,
    )  # fmt: skip


@inlined
def update(
    weights: Packed, velocity: Packed, work: Workspace, powers: Powers, labels: np.ndarray,
    masks: np.ndarray, rows: np.ndarray, start: int, begin: int, end: int,
    options: Options,
) -> float:  # fmt: skip
    """Make one update by the samples from `begin` to `end` of the group that begins at `start`.

    Only the first layer waits for the end of the group. Returns the sum of the cross-entropies.
    """
    several = options.batch_size > 1
    if begin > 0:
        for k in range(begin, end):
            add_earlier_updates(work, powers, k, begin, options)
    if several:
        _activate_all(work, masks, start, begin, end, options.dropout_mask, options)
        _second_layer_of_all(weights, work, begin, end, options)
    else:
        activate(work, begin, masks, start + begin, options.dropout_mask, options)
        _move_rows(weights, velocity, work, powers, begin, start + begin)
    rate = -options.learning_rate
    if options.mean:
        rate = rate / np.float32(end - begin)
    loss = 0.0
    for k in range(begin, end):
        if several:
            _output(weights, work, k, options)
        else:
            second_layer(weights, work, k, options)
        label = labels[rows[start + k]]
        loss += loss_and_gradient(work.logits, label, options.variant, rate, work.step3, k)
        _back_to_second(weights, work, k, options)
    if options.as_programmed:  # from here on there is no mask
        if several:
            _activate_all(work, masks, start, begin, end, False, options)
        else:
            activate(work, begin, masks, start + begin, False, options)
            _move_rows(weights, velocity, work, powers, begin, start + begin)
    _update_output(weights, velocity, work, powers, begin, end)
    if several:
        _update_second(weights, velocity, work, powers, begin, end, options)
    else:
        _update_second_by_one(weights, velocity, work, powers, begin, options)
    return loss
