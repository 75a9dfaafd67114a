"""Truncated BPTT, the readable loop: one sequence at a time, an update after every window.

Report rnn_tbptt, Algorithm 1. The state is zero at the start of a sequence and carried from
window to window; the last window of a sequence may be shorter. Each replicate has its own order of
the sequences. Where all have one length, the R replicates update together, otherwise one replicate
is trained after another.
"""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from harmodels import optim
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.devices import send
from harmodels.nn.params import map_params, take_replicates
from harmodels.training.loops.cuda_graphs import Loop, plain_loop


class Carry(NamedTuple):
    """State passed from sequence to sequence."""

    params: elman.ElmanClassifier
    totals: Tensor  # (2, R) float64, sums of both losses


class Samples(NamedTuple):
    """Data that every step reads."""

    frames: Tensor  # (F, D)
    starts: Tensor  # (N,), the first frame of each sequence
    labels: Tensor  # (N,)


class Step(NamedTuple):
    """One sequence of each replicate, all of one length."""

    indices: Tensor  # (R,)
    offsets: Tensor  # (T,), 0 … T - 1


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
    clip: float,
    transposed: bool = True,
    loop: Loop = plain_loop,
) -> tuple[elman.ElmanClassifier, dict[str, Tensor]]:
    """Train every replicate once through its sequences.

    Parameters
    ----------
    params
        R classifiers.
    frames
        (F, D), all sequences end to end, shared by the replicates.
    starts, lengths
        (N,) int64, on the host: sequence i is `frames[starts[i] : starts[i] + lengths[i]]`.
    labels
        (N,) int64.
    order
        (R, n) int64: row r holds the sequences that replicate r sees, in that order.
    window
        Steps between two updates.
    learning_rate, clip
        Step size; bound on each element of the gradient.
    transposed
        False: the backward recursion as printed in the report.
    loop
        Runs the step on one sequence after another, where all have one length.

    Returns
    -------
    params
        After the last update.
    losses
        `binary_cross_entropy` and `negative_log_likelihood`, each (R,) float64: the mean over
        the epoch's updates, each taken before its update.
    """
    step = partial(
        _train_sequence,
        window=window, learning_rate=learning_rate, clip=clip, transposed=transposed,
    )  # fmt: skip
    samples = Samples(frames, send(starts, frames.device), labels)
    if (lengths == lengths[0]).all():
        T = int(lengths[0])
        offsets = torch.arange(T, device=frames.device)
        steps = (Step(indices, offsets) for indices in order.unbind(1))
        params, totals = loop(step, _start(params), samples, steps)
        means = totals / (order.shape[1] * -(-T // window))
    else:
        seen = lengths[order.cpu()]  # (R, n)
        each = [
            plain_loop(step, _start(take_replicates(params, [r])), samples, _steps(order[r], own))
            for r, own in enumerate(seen.tolist())
        ]
        params = map_params(lambda *alone: torch.cat(alone), *(carry.params for carry in each))
        updates = send((-(-seen // window)).sum(1), frames.device)  # (R,)
        means = torch.cat([carry.totals for carry in each], dim=1) / updates
    return params, {"binary_cross_entropy": means[0], "negative_log_likelihood": means[1]}


def _start(params: elman.ElmanClassifier) -> Carry:
    """Return the carry before the first sequence."""
    bias = params.output.bias
    return Carry(params, torch.zeros(2, len(bias), dtype=torch.float64, device=bias.device))


def _steps(indices: Tensor, lengths: list[int]) -> Iterable[Step]:
    """Yield the sequences `indices` (n,) of one replicate."""
    offsets = torch.arange(max(lengths), device=indices.device)
    for index, length in zip(indices[:, None], lengths, strict=True):
        yield Step(index, offsets[:length])


def _train_sequence(
    carry: Carry, samples: Samples, step: Step, *, window: int, learning_rate: float, clip: float,
    transposed: bool,
) -> Carry:  # fmt: skip
    """Update after every window of one sequence."""
    params, totals = carry
    places = samples.starts[step.indices][:, None] + step.offsets  # (R, T)
    sequence = samples.frames[places]  # (R, T, D)
    label = samples.labels[step.indices]  # (R,)
    classes = params.output.bias.shape[-1]
    targets = losses.one_hot(label, classes, sequence.dtype)[:, None]  # (R, 1, C)
    state = torch.zeros_like(params.rnn.bias_hh)[:, None]  # (R, 1, H)
    for start in range(0, len(step.offsets), window):
        span = sequence[:, None, start : start + window]  # (R, 1, window, D)
        logits, state, cache = elman.forward(params, span, state)
        loss, d_logits = losses.binary_cross_entropy(logits, targets)  # (R, 1), (R, 1, C)
        likelihood = losses.negative_log_likelihood(logits, label[:, None])  # (R, 1)
        totals = totals + torch.stack([loss[:, 0], likelihood[:, 0]])
        grads = elman.backward(params, cache, d_logits, transposed=transposed)
        params = optim.sgd_step(params, optim.clip_by_value(grads, clip), learning_rate)
    return Carry(params, totals)


def scores(params: elman.ElmanClassifier, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the logits (R, n, C) after each whole sequence, from zero.

    `inputs` (R, n, T, D) are padded at the end where `lengths` (R, n) are given.
    """
    initial = inputs.new_zeros(*inputs.shape[:2], params.rnn.bias_hh.shape[-1])
    logits, _, _ = elman.forward(params, inputs, initial, lengths)
    return logits


def mean_losses(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return the mean of both losses over `logits` (n, C) and `labels` (n,)."""
    targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
    return {
        "binary_cross_entropy": losses.binary_cross_entropy(logits, targets)[0].double().mean(),
        "negative_log_likelihood": losses.negative_log_likelihood(logits, labels).double().mean(),
    }
