"""Training of the hierarchical classifier of hands, compiled: the loop of `recurrent`."""

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
from harmodels.kernels.recurrent.plan import hierarchical
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.optim import AdamState


def train_epoch(
    params: HierarchicalClassifier,
    adam_state: AdamState,
    fingers: Tensor,
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
) -> tuple[HierarchicalClassifier, AdamState, dict[str, Tensor]]:
    """Train every replicate once through its sequences, one step of Adam a batch.

    `fingers` (F, K) int64 are the channels of each finger (`hierarchical.finger_channels`), the
    masks (R, n, H₂); all else is as in `recurrent.train_epoch`.
    """
    check_counts(batch_size=batch_size, threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths, channels=fingers)
    check_indices(params.output, starts, labels, order)
    check_masks(masks, order, params.hand.weight_hh.shape[2])
    options = Adam(learning_rate, beta1, beta2, epsilon)
    check_adam(params, adam_state, options)
    call = _call(params, fingers, frames, starts, lengths, labels)
    return run_epoch(
        params, adam_state, call, order, masks, cell=cell, batch_size=batch_size,
        options=options, scale=scale, threads=threads,
    )  # fmt: skip


def scores(
    params: HierarchicalClassifier,
    fingers: Tensor,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    rows: Tensor,
    *,
    cell: str,
    threads: int = 1,
) -> Tensor:
    """Return the logits (R, n, C) of the sequences `rows` (n,), as `recurrent.scores`."""
    check_counts(threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths, channels=fingers)
    check_rows(rows, len(starts))
    labels = torch.zeros_like(starts)  # nobody reads them
    call = _call(params, fingers, frames, starts, lengths, labels)
    return run_scores(params, call, rows, cell=cell, threads=threads)


def _call(
    params: HierarchicalClassifier, fingers: Tensor, frames: Tensor, starts: Tensor,
    lengths: Tensor, labels: Tensor,
) -> Call:  # fmt: skip
    shapes = hierarchical(
        len(fingers),
        fingers.shape[1],
        params.fingers.weight_hh.shape[3],
        params.hand.weight_hh.shape[2],
    )
    data = data_of(frames, starts, lengths, labels, fingers.flatten().numpy(), shapes)
    return Call(shapes, params.output.bias.shape[1], data)
