"""Training of recurrent and hierarchical classifiers, compiled: their models with Adam."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.checks import (
    check_adam,
    check_counts,
    check_indices,
    check_masks,
    check_range,
    check_rates,
    check_scored,
)
from harmodels.kernels.kept import Kept
from harmodels.kernels.recurrent.checks import check_cell, check_pooling, check_sequences
from harmodels.kernels.recurrent.loop import (
    Prepared,
    Replicates,
    run_epoch,
    run_scores,
    sequence_arrays,
)
from harmodels.kernels.recurrent.plan import Shape, hierarchical, stacked
from harmodels.kernels.steps import RULES, StepOptions
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.models.recurrent_classifier import RecurrentClassifier
from harmodels.nn import stack
from harmodels.nn.params import Tree, state_dict
from harmodels.optim import AdamState


def train_epoch(
    params: Tree,
    adam_state: AdamState,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    labels: Tensor,
    order: Tensor,
    masks: Tensor | None,
    *,
    cell: str,
    pooling: str = "last",
    fingers: Tensor | None = None,
    weights: Tensor | None = None,
    batch_size: int,
    rates: np.ndarray,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float,
    clip_norm: float | None = None,
    weight_decay: float = 0.0,
    scale: float,
    threads: int = 1,
    kept: Kept | None = None,
) -> tuple[Tree, AdamState, dict[str, Tensor]]:
    """Train on sequences of any length, one step of Adam a batch; arguments and result: `kernels`.

    `params` are of a RecurrentClassifier or a HierarchicalClassifier; `fingers` (F, K) are the
    channels of each finger of the latter (`hierarchical.finger_channels`), and `pooling` is a key
    of `nn.pooling.POOLINGS`. `kept` is where the loop keeps what the next epoch can use.
    """
    check_counts(batch_size=batch_size, threads=threads)
    bound = float("inf") if clip_norm is None else float(clip_norm)
    options = StepOptions(RULES.index("adam"), beta1, beta2, epsilon, bound)
    kept, read = kept or Kept(), (frames, starts, lengths, labels, weights, fingers, cell, pooling)
    replicates = kept.take(params, adam_state, *read)
    output: Any = params[-1]
    if replicates is None:
        check_cell(cell, params)
        check_sequences(params, frames, starts, lengths, fingers)
        check_adam(params, adam_state, options)
        shapes = _shapes(params, fingers)
        check_pooling(pooling, shapes, output)
        data = sequence_arrays(shapes, fingers, frames, starts, lengths, labels, weights)
        replicates = Replicates(
            params, adam_state, shapes, data, arrays_of=_arrays, cell=cell, pooling=pooling
        )
    check_indices(output, len(starts), labels, order, weights)
    check_rates(rates, order, batch_size)
    check_masks(masks, order, output.weight.shape[2])
    trained: Any = run_epoch(
        replicates, params, adam_state, order, masks, output="softmax", batch_size=batch_size,
        rates=rates, weight_decay=weight_decay, options=options, scale=scale, threads=threads,
    )  # fmt: skip
    kept.keep(replicates, *trained[:2], *read)
    return trained


def scores(
    params: Any,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    indices: Tensor,
    *,
    cell: str,
    pooling: str = "last",
    fingers: Tensor | None = None,
    threads: int = 1,
    kept: Kept | None = None,
) -> Tensor:
    """Return the logits (R, n, C) of the sequences `indices`; arguments as in `train_epoch`.

    `indices` are (n,), or (R, n) where each replicate scores others.
    A sequence's logits do not depend, to the last bit, on what else is scored.
    """
    check_counts(threads=threads)
    kept, read = kept or Kept(), (frames, starts, lengths, fingers, cell, pooling)
    forms = [(t.shape[1:], t.dtype, t.device) for t in state_dict(params).values()]
    known, prepared = kept.take(*read) or (None, None)
    if known != forms or prepared is None:
        check_cell(cell, params)
        check_sequences(params, frames, starts, lengths, fingers)
        shapes, unread = _shapes(params, fingers), torch.zeros_like(starts)
        check_pooling(pooling, shapes, params.output)
        data = sequence_arrays(shapes, fingers, frames, starts, lengths, unread)
        prepared = Prepared(params, shapes, data, arrays_of=_arrays, cell=cell, pooling=pooling)
    check_scored(indices, params.output)
    check_range("indices", indices, len(starts))
    logits = run_scores(prepared, params, indices, threads)
    kept.keep((forms, prepared), *read)
    return logits


def _shapes(params: Any, fingers: Tensor | None) -> list[Shape]:
    """Return the shapes of the classifier's layers."""
    if isinstance(params, HierarchicalClassifier):
        assert fingers is not None  # checked by check_sequences
        finger_hidden, hand_hidden = (
            layer.weight_hh.shape[-1] for layer in (params.fingers, params.hand)
        )
        F, K = fingers.shape
        return hierarchical(F, K, finger_hidden, hand_hidden)
    lowest, levels = params.rnn[0], stack.levels(params.rnn)
    inputs, hidden = (weight.shape[2] for weight in (lowest.weight_ih, lowest.weight_hh))
    return stacked(len(levels), inputs, hidden, bidirectional=len(levels[0]) > 1)


def _arrays(
    params: RecurrentClassifier | HierarchicalClassifier, replicate: int
) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    """Return one replicate's arrays (`packing.Arrays`)."""
    if isinstance(params, HierarchicalClassifier):
        fingers = params.fingers.weight_ih.shape[1]
        layers = [[t[replicate, f].numpy() for t in params.fingers] for f in range(fingers)]
        layers.append([tensor[replicate].numpy() for tensor in params.hand])
    else:
        layers = [[tensor[replicate].numpy() for tensor in layer] for layer in params.rnn]
    return layers, [tensor[replicate].numpy() for tensor in params.output]
