"""Truncated BPTT, the readable loop: one sequence at a time, an update after every window.

Report rnn_tbptt, Algorithm 1. The state is zero at the start of a sequence and carried from
window to window; the last window of a sequence may be shorter. All R replicates update together,
each in its own order of the sequences.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from harmodels import optim
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.training.loops.cuda_graphs import Loop, plain_loop


class Carry(NamedTuple):
    """State passed from sequence to sequence."""

    params: elman.ElmanClassifier
    totals: Tensor  # (2, R) float64, sums of both losses


class Samples(NamedTuple):
    """Data that every step reads."""

    inputs: Tensor  # (N, T, D)
    labels: Tensor  # (N,)


class Step(NamedTuple):
    """The sequence of each replicate."""

    indices: Tensor  # (R,)


def train_epoch(
    params: elman.ElmanClassifier,
    inputs: Tensor,
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
    inputs
        (N, T, D), shared by the replicates.
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
        Runs the step on one sequence after another.

    Returns
    -------
    params
        After the last update.
    losses
        `binary_cross_entropy` and `negative_log_likelihood`, each (R,) float64: the mean over
        the epoch's updates, each taken before its update.
    """
    R, n = order.shape
    starts = range(0, inputs.shape[1], window)

    def train_sequence(carry: Carry, samples: Samples, step: Step) -> Carry:
        params, totals = carry
        sequence = samples.inputs[step.indices]  # (R, T, D)
        label = samples.labels[step.indices]  # (R,)
        classes = params.output.bias.shape[-1]
        targets = losses.one_hot(label, classes, sequence.dtype)[:, None]  # (R, 1, C)
        state = torch.zeros_like(params.rnn.bias_hh)[:, None]  # (R, 1, H)
        for start in starts:
            span = sequence[:, None, start : start + window]  # (R, 1, window, D)
            logits, state, cache = elman.forward(params, span, state)
            loss, d_logits = losses.binary_cross_entropy(logits, targets)  # (R, 1), (R, 1, C)
            likelihood = losses.negative_log_likelihood(logits, label[:, None])  # (R, 1)
            totals = totals + torch.stack([loss[:, 0], likelihood[:, 0]])
            grads = elman.backward(params, cache, d_logits, transposed=transposed)
            params = optim.sgd_step(params, optim.clip_by_value(grads, clip), learning_rate)
        return Carry(params, totals)

    totals = torch.zeros(2, R, dtype=torch.float64, device=inputs.device)
    steps = (Step(indices) for indices in order.unbind(1))
    params, totals = loop(train_sequence, Carry(params, totals), Samples(inputs, labels), steps)
    means = totals / (n * len(starts))
    return params, {"binary_cross_entropy": means[0], "negative_log_likelihood": means[1]}


def scores(params: elman.ElmanClassifier, inputs: Tensor) -> Tensor:
    """Return the logits (R, n, C) after each whole sequence of `inputs` (R, n, T, D), from zero."""
    initial = inputs.new_zeros(*inputs.shape[:2], params.rnn.bias_hh.shape[-1])
    logits, _, _ = elman.forward(params, inputs, initial)
    return logits


def mean_losses(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return the mean of both losses over `logits` (n, C) and `labels` (n,)."""
    targets = losses.one_hot(labels, logits.shape[-1], logits.dtype)
    return {
        "binary_cross_entropy": losses.binary_cross_entropy(logits, targets)[0].double().mean(),
        "negative_log_likelihood": losses.negative_log_likelihood(logits, labels).double().mean(),
    }
