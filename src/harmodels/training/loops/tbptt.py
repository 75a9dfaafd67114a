"""Truncated BPTT, the readable loop: one sequence at a time, an update a window or a sequence.

Report rnn_tbptt, Algorithm 1. The state is zero at the start of a sequence and carried from
window to window; the last window of a sequence may be shorter. Each replicate has its own order of
the sequences. Where all have one length, the R replicates update together, otherwise one replicate
is trained after another.
"""

from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import torch
from torch import Tensor

from harmodels import optim
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.devices import send
from harmodels.nn.params import map_params, take_replicates

State = tuple[elman.ElmanClassifier, Tensor]  # parameters, sums of both losses (2, R) float64


class Samples(NamedTuple):
    """Data that every turn reads."""

    frames: Tensor  # (F, D)
    starts: Tensor  # (N,), the first frame of each sequence
    labels: Tensor  # (N,)
    weights: Tensor | None  # (N,), of the losses; None: 1 each


class Turn(NamedTuple):
    """One sequence of each replicate, all of one length."""

    indices: Tensor  # (R,)
    offsets: Tensor  # (T,), 0 … T - 1
    logged: bool  # whether `logged_every` counts it


Step = Callable[[State, Samples, Turn], State]


def train_epoch(
    params: elman.ElmanClassifier,
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
) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
    """Train every replicate once through its sequences; arguments and result: `kernels`.

    Parameters
    ----------
    window
        Steps through which a gradient reaches back.
    clip
        Bound on each element of the gradient that is applied, None for no bound.
    transposed
        False: the backward recursion as printed in the report.
    update
        `window`: after every window. `sequence_sum` and `sequence_mean`: once a sequence, by the
        sum or the mean of the gradients of its windows.
    first_step_bias
        False: the first step of a sequence has no share in the gradient of `bias_hh`.
    logged_every
        0: the losses are means over all windows; otherwise over the last windows of the first,
        and then of every `logged_every`-th sequence.
    """
    step = partial(
        _train_sequence,
        window=window, learning_rate=learning_rate, clip=clip, transposed=transposed,
        update=update, first_step_bias=first_step_bias, all_windows=logged_every == 0,
    )  # fmt: skip
    n = order.shape[1]
    logged = [place % max(logged_every, 1) == 0 for place in range(n)]
    samples = Samples(frames, send(starts, frames.device), labels, weights)
    if (lengths == lengths[0]).all():
        T = int(lengths[0])
        params, totals = _train(step, params, samples, order, [T] * n, logged)
        windows: Tensor | int = -(-T // window)
    else:
        seen = lengths[order.cpu()]  # (R, n)
        each = [
            _train(step, take_replicates(params, [r]), samples, order[r : r + 1], own, logged)
            for r, own in enumerate(seen.tolist())
        ]
        params = map_params(lambda *alone: torch.cat(alone), *(trained for trained, _ in each))
        totals = torch.cat([sums for _, sums in each], dim=1)
        windows = send(-(-seen // window), frames.device)  # (R, n)
    own = torch.ones_like(order) if weights is None else weights[order]
    counted = torch.arange(n, device=frames.device) % logged_every == 0 if logged_every else windows
    means = totals / (own.double() * counted).sum(1)
    return params, {"binary_cross_entropy": means[0], "negative_log_likelihood": means[1]}


def _train(
    step: Step, params: elman.ElmanClassifier, samples: Samples, order: Tensor,
    lengths: list[int], logged: list[bool],
) -> State:  # fmt: skip
    """Train R replicates through `order` (R, n); those of a turn have one of the n lengths."""
    bias = params.output.bias
    state = params, torch.zeros(2, len(bias), dtype=torch.float64, device=bias.device)
    offsets = torch.arange(max(lengths), device=order.device)
    for indices, length, counted in zip(order.unbind(1), lengths, logged, strict=True):
        state = step(state, samples, Turn(indices, offsets[:length], counted))
    return state


def _train_sequence(
    state: State, samples: Samples, turn: Turn, *, window: int, learning_rate: float,
    clip: float | None, transposed: bool, update: str, first_step_bias: bool, all_windows: bool,
) -> State:  # fmt: skip
    """Update after every window of one sequence, or after the last."""
    params, totals = state
    places = samples.starts[turn.indices][:, None] + turn.offsets  # (R, T)
    sequence = samples.frames[places]  # (R, T, D)
    label = samples.labels[turn.indices]  # (R,)
    classes = params.output.bias.shape[-1]
    targets = losses.one_hot(label, classes, sequence.dtype)[:, None]  # (R, 1, C)
    hidden = torch.zeros_like(params.rnn.bias_hh)[:, None]  # (R, 1, H)
    kept = []  # the gradients of the windows, where they are applied together
    for start in range(0, len(turn.offsets), window):
        span = sequence[:, None, start : start + window]  # (R, 1, window, D)
        logits, hidden, cache = elman.forward(params, span, hidden)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)  # (R, 1), (R, 1, C)
        likelihood = losses.negative_log_likelihood(logits, label[:, None])  # (R, 1)
        both = torch.stack([loss[:, 0], likelihood[:, 0]])  # (2, R)
        if samples.weights is not None:
            weight = samples.weights[turn.indices]  # (R,)
            both, d_logits = both * weight, losses.weighted(d_logits, weight[:, None])
        if all_windows:
            totals = totals + both
        grads = elman.backward(
            params, cache, d_logits,
            transposed=transposed, first_step_bias=first_step_bias or start > 0,
        )  # fmt: skip
        if update == "window":
            params = _descend(params, grads, learning_rate, clip)
        else:
            kept.append(grads)
    if kept:
        summed = reduce(partial(map_params, torch.add), kept)
        if update == "sequence_mean":
            summed = map_params(lambda grad: grad / len(kept), summed)
        params = _descend(params, summed, learning_rate, clip)
    if turn.logged and not all_windows:
        totals = totals + both
    return params, totals


def _descend(
    params: elman.ElmanClassifier, grads: elman.ElmanClassifier, learning_rate: float,
    clip: float | None,
) -> elman.ElmanClassifier:  # fmt: skip
    """Limit each element of the gradient and take a step of plain gradient descent."""
    grads = grads if clip is None else optim.clip_by_value(grads, clip)
    return optim.sgd_step(params, grads, learning_rate)


def scores(params: elman.ElmanClassifier, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the logits (R, n, C) after each whole sequence, from zero.

    `inputs` (R, n, T, D) are padded at the end where `lengths` (R, n) are given.
    """
    initial = inputs.new_zeros(*inputs.shape[:2], params.rnn.bias_hh.shape[-1])
    logits, _, _ = elman.forward(params, inputs, initial, lengths)
    return logits
