"""Training of recurrent classifiers, compiled: `models.recurrent_classifier` with Adam."""

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.checks import check_counts, check_indices
from harmodels.kernels.recurrent.checks import (
    check_adam,
    check_cell,
    check_masks,
    check_rows,
    check_sequences,
)
from harmodels.kernels.recurrent.head import Adam
from harmodels.kernels.recurrent.loop import (
    Call,
    data_of,
    run_epoch,
    run_scores,
)
from harmodels.kernels.recurrent.plan import stacked
from harmodels.models.recurrent_classifier import RecurrentClassifier
from harmodels.optim import AdamState


def train_epoch(
    params: RecurrentClassifier,
    adam_state: AdamState,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    labels: Tensor,
    order: Tensor,
    masks: Tensor | None,
    *,
    cell: str,
    batch_size: int,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float,
    scale: float,
    threads: int = 1,
) -> tuple[RecurrentClassifier, AdamState, dict[str, Tensor]]:
    """Train every replicate once through its sequences, one step of Adam a batch.

    Parameters
    ----------
    params
        R classifiers, float32 on the CPU like all tensors here but indices and masks.
    adam_state
        Moments shaped as `params`, and the updates so far (R,).
    frames
        (F, D), all sequences end to end, shared by the replicates.
    starts, lengths
        (N,) int64: sequence i is `frames[starts[i] : starts[i] + lengths[i]]`.
    labels
        (N,) int64.
    order
        (R, n) int64: row r holds the sequences that replicate r sees, in that order.
    masks
        (R, n, H) uint8, for each position of the epoch which last states are kept; None without
        dropout.
    cell
        `simple_rnn`, `gru` or `lstm`.
    batch_size
        Sequences of an update; the last batch may be smaller. Gradients are averaged over it.
    learning_rate, beta1, beta2, epsilon
        Of Adam.
    scale
        What kept states are multiplied by; not read without `masks`.
    threads
        Replicates computed at the same time. One thread computes a replicate from beginning to
        end, so the result is the same bytes for any number, and for a replicate on its own.

    Returns
    -------
    params, adam_state
        After the last update; the given ones are left as they were.
    losses
        `cross_entropy` (R,) float64: the mean over the epoch's sequences, each taken before its
        update. Not finite if a replicate diverged.

    Raises
    ------
    TrainingError
        If a tensor has another type, device or shape, an index is out of range, or an option is
        unknown.
    """
    check_counts(batch_size=batch_size, threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths)
    check_indices(params.output, starts, labels, order)
    check_masks(masks, order, params.rnn[-1].weight_hh.shape[2])
    options = Adam(learning_rate, beta1, beta2, epsilon)
    check_adam(params, adam_state, options)
    return run_epoch(
        params, adam_state, _call(params, frames, starts, lengths, labels), order, masks,
        cell=cell, batch_size=batch_size, options=options, scale=scale, threads=threads,
    )  # fmt: skip


def scores(
    params: RecurrentClassifier,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    rows: Tensor,
    *,
    cell: str,
    threads: int = 1,
) -> Tensor:
    """Return the logits (R, n, C) of the sequences `rows` (n,); arguments as in `train_epoch`.

    A sequence's logits do not depend, to the last bit, on what else is scored.
    """
    check_counts(threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths)
    check_rows(rows, len(starts))
    labels = torch.zeros_like(starts)  # nobody reads them
    return run_scores(
        params, _call(params, frames, starts, lengths, labels), rows, cell=cell, threads=threads
    )


def _call(
    params: RecurrentClassifier, frames: Tensor, starts: Tensor, lengths: Tensor, labels: Tensor
) -> Call:
    D = params.rnn[0].weight_ih.shape[2]
    shapes = stacked(len(params.rnn), D, params.rnn[0].weight_hh.shape[2])
    data = data_of(frames, starts, lengths, labels, np.arange(D), shapes)
    return Call(shapes, params.output.bias.shape[1], data)
