"""The device code of truncated BPTT: one block trains one network through an epoch.

Imported only where it runs, since it imports numba.cuda. Options: `loops.tbptt`; sizes: `plan`;
layout of the weights: `tbptt`. A block has a thread for each hidden unit and part of a row. From
the first window to the last, thread (i, part) keeps its part of row i of the joined weights and of
column i of W_hh, and their gradients, in registers. The steps of a window lie in shared memory as
z_t, laid out as the rows are: [h_{t-1} | x_t | 1 | 1 | 0]. Every sum has one order, and no two
threads add to the same number, so a network's bytes depend on nothing but its own data.

What the compiler needs, which the simulator does not show: constants as float32, because numba
takes `1 - h * h` with Python's 1 to float64; arrays with an axis for the part, because an index
`part * Q + j` might be negative and is checked at every access; and a select in place of a branch
or of max, which on a GPU makes a number of NaN.
"""

# mypy: ignore-errors
# numba.cuda has no types

import math
from functools import cache
from typing import Any

import numpy as np
from numba import cuda, float32, float64
from numba.core import config

from harmodels.kernels.cuda.plan import Plan

ZERO, ONE = np.float32(0), np.float32(1)


@cuda.jit(device=True)
def _limited(gradient, bound):
    """Limit to [-bound, bound]; NaN stays, so that a network that diverges is recognised."""
    below = cuda.selp(gradient > bound, bound, gradient)
    return cuda.selp(gradient < -bound, -bound, below)


@cuda.jit(device=True)
def _descend(weights, grads, scale, rate, bound):
    """Take a step of a thread's own weights and begin a new gradient."""
    for j in range(len(weights)):
        weights[j] -= rate * _limited(scale * grads[j], bound)
        grads[j] = ZERO


@cuda.jit(device=True)
def _over_parts(share, sums, part, i):
    """Return the sum of a row's parts, in their order, to each of its threads."""
    if len(sums) == 1:
        return share
    sums[part, i] = share
    cuda.syncthreads()
    total = sums[0, i]
    for other in range(1, len(sums)):
        total += sums[other, i]
    return total


@cuda.jit(device=True)
def _forward(row, z, steps, sums, part, i, home, place):
    """Fill z[1 : steps + 1] with the states; return the last one of unit i."""
    state = ZERO
    for t in range(steps):
        total = ZERO
        for j in range(len(row)):
            total += row[j] * z[t, part, j]
        state = float32(math.tanh(_over_parts(total, sums, part, i)))
        if part == 0:
            z[t + 1, home, place] = state
        cuda.syncthreads()
    return state


@cuda.jit(device=True)
def _classify(logit, c, label, share, losses, counted):
    """Add the losses of class c after a window; return the gradient at its logit."""
    e = float32(math.exp(-abs(logit)))
    softplus = float32(math.log1p(e))  # of -|logit|
    target = ONE if c == label else ZERO
    if counted:
        entropy = max(logit, ZERO) + softplus - target * logit
        likelihood = target * (max(-logit, ZERO) + softplus)
        losses[0, c] += float64(share * entropy)
        losses[1, c] += float64(share * likelihood)
        losses[2, c] += float64(share)
    return share * ((ONE if logit >= ZERO else e) / (ONE + e) - target)


@cuda.jit(device=True)
def _backward(
    d_state, recursion, d_row, d_column, z, d_pre, steps, sums, part, i, home, place
):  # fmt: skip
    """Add a window's gradients, from `d_state` at its last state back to its first step."""
    for t in range(steps - 1, -1, -1):
        h, before = z[t + 1, home, place], z[t, home, place]
        d = d_state * (ONE - h * h)
        if part == 0:
            d_pre[t % 2, home, place] = d
        cuda.syncthreads()
        total = ZERO
        for j in range(len(d_column)):
            d_other = d_pre[t % 2, part, j]
            total += recursion[j] * d_other
            d_column[j] += d_other * before
        for j in range(len(d_row)):
            d_row[j] += d * z[t, part, j]
        d_state = _over_parts(total, sums, part, i)


@cache
def epoch_of(plan: Plan) -> Any:
    """Return the kernel of a plan; it is compiled in its first launch in a process.

    Its arguments: weights (R, parts, Q, parts, P) and output (R, C, H + 1), which it changes;
    frames (F, D), starts, lengths, labels, loss weights (N,), order (R, n), rates and bounds (R,);
    and totals (R, 3) float64 for the sums of both losses and of their weights.
    """
    # constants of the compiled code
    H, D, C, window = plan.hidden, plan.channels, plan.classes, plan.window
    parts, threads, P, Q, E = plan.parts, plan.threads, plan.row, plan.units, plan.others
    states, joined = window + 1, H + 1
    bias_part, bias_place = (D + 1) // E, Q + (D + 1) % E  # of bias_hh in a row
    transposed, first_step_bias = plan.transposed, plan.first_step_bias
    logged_every, once = plan.logged_every, plan.update != "window"
    mean = plan.update == "sequence_mean"

    def epoch(
        weights, output, frames, starts, lengths, labels, shares, order, rates, bounds, totals
    ):  # fmt: skip
        net, i, part = cuda.blockIdx.x, cuda.threadIdx.x, cuda.threadIdx.y
        thread = part * H + i
        home, place = i // Q, i % Q  # of unit i in z, and of its row among the weights
        z = cuda.shared.array((states, parts, P), float32)
        d_pre = cuda.shared.array((2, parts, Q), float32)
        sums = cuda.shared.array((parts, H), float32)
        out = cuda.shared.array((C, joined), float32)
        d_out = cuda.shared.array((C, joined), float32)
        d_logits = cuda.shared.array(C, float32)
        losses = cuda.shared.array((3, C), float64)
        row = cuda.local.array(P, float32)
        d_row = cuda.local.array(P, float32)
        column = cuda.local.array(Q, float32)
        d_column = cuda.local.array(Q, float32)
        rate, bound = rates[net], bounds[net]

        for j in range(P):
            row[j] = weights[net, home, place, part, j]
            d_row[j] = ZERO
        for j in range(Q):
            column[j] = weights[net, part, j, home, place]
            d_column[j] = ZERO
        for c in range(C):
            for j in range(thread, joined, threads):
                out[c, j] = output[net, c, j]
                d_out[c, j] = ZERO
        for c in range(thread, C, threads):
            for kind in range(3):
                losses[kind, c] = 0.0
        for t in range(thread, states, threads):
            for each in range(parts):
                for j in range(P):
                    bias = j >= Q and D <= each * E + j - Q < D + 2
                    z[t, each, j] = ONE if bias else ZERO
        for j in range(thread, Q, threads):
            for each in range(parts):
                d_pre[0, each, j] = d_pre[1, each, j] = ZERO

        for turn in range(order.shape[1]):
            n = order[net, turn]
            first, T, label, share = starts[n], lengths[n], labels[n], shares[n]
            state = ZERO
            for begin in range(0, T, window):
                steps = min(window, T - begin)
                last = begin + steps == T
                cuda.syncthreads()  # nobody reads the window before any longer
                if part == 0:
                    z[0, home, place] = state
                if thread == 0:
                    z[0, bias_part, bias_place] = ONE
                for t in range(thread, steps, threads):
                    for k in range(D):
                        z[t, k // E, Q + k % E] = frames[first + begin + t, k]
                cuda.syncthreads()

                state = _forward(row, z, steps, sums, part, i, home, place)
                counted = logged_every == 0 or (last and turn % logged_every == 0)
                for c in range(thread, C, threads):
                    logit = out[c, H]
                    for j in range(H):
                        logit += out[c, j] * z[steps, j // Q, j % Q]
                    d_logits[c] = _classify(logit, c, label, share, losses, counted)
                cuda.syncthreads()

                d_state = ZERO
                for c in range(C):
                    d_state += out[c, i] * d_logits[c]
                    if part == 0:
                        d_out[c, i] += d_logits[c] * z[steps, home, place]
                for c in range(thread, C, threads):
                    d_out[c, H] += d_logits[c]
                if thread == 0 and begin == 0 and not first_step_bias:
                    z[0, bias_part, bias_place] = ZERO  # its factor in the gradient
                recursion = column if transposed else row
                _backward(
                    d_state, recursion, d_row, d_column, z, d_pre, steps, sums, part, i, home, place
                )
                if last or not once:
                    scale = ONE / float32((T + window - 1) // window) if mean else ONE
                    _descend(row, d_row, scale, rate, bound)
                    _descend(column, d_column, scale, rate, bound)
                    if part == 0:
                        for c in range(C):
                            out[c, i] -= rate * _limited(scale * d_out[c, i], bound)
                            d_out[c, i] = ZERO
                    for c in range(thread, C, threads):
                        out[c, H] -= rate * _limited(scale * d_out[c, H], bound)
                        d_out[c, H] = ZERO

        for j in range(P):
            weights[net, home, place, part, j] = row[j]
        cuda.syncthreads()
        for c in range(C):
            for j in range(thread, joined, threads):
                output[net, c, j] = out[c, j]
        if thread == 0:
            for kind in range(3):
                total_loss = 0.0
                for c in range(C if kind < 2 else 1):
                    total_loss += losses[kind, c]
                totals[net, kind] = total_loss

    if config.ENABLE_CUDASIM:
        return cuda.jit(epoch)
    return cuda.jit(epoch, max_registers=plan.registers)
