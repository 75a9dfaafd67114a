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
    check_tensor,
)
from harmodels.kernels.recurrent.checks import check_cell, check_sequences
from harmodels.kernels.recurrent.loop import run_epoch, run_scores, sequence_arrays
from harmodels.kernels.recurrent.plan import Shape, hierarchical, stacked
from harmodels.kernels.steps import RULES, StepOptions
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.models.recurrent_classifier import RecurrentClassifier
from harmodels.nn.params import Tree
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
    fingers: Tensor | None = None,
    batch_size: int,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float,
    scale: float,
    threads: int = 1,
) -> tuple[Tree, AdamState, dict[str, Tensor]]:
    """Train on sequences of any length, one step of Adam a batch; arguments and result: `kernels`.

    `params` are of a RecurrentClassifier or a HierarchicalClassifier; `fingers` (F, K) are the
    channels of each finger of the latter (`hierarchical.finger_channels`).
    """
    check_counts(batch_size=batch_size, threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths, fingers)
    shapes = _shapes(params, fingers)
    output: Any = params[-1]
    check_indices(output, len(starts), labels, order)
    check_masks(masks, order, shapes[-1].hidden)
    options = StepOptions(RULES.index("adam"), learning_rate, beta1, beta2, epsilon)
    check_adam(params, adam_state, options)
    data = sequence_arrays(shapes, fingers, frames, starts, lengths, labels)
    trained: Any = run_epoch(
        params, adam_state, shapes, data, order, masks, arrays_of=_arrays, cell=cell,
        output="softmax", batch_size=batch_size, options=options, scale=scale, threads=threads,
    )  # fmt: skip
    return trained


def scores(
    params: Any,
    frames: Tensor,
    starts: Tensor,
    lengths: Tensor,
    indices: Tensor,
    *,
    cell: str,
    fingers: Tensor | None = None,
    threads: int = 1,
) -> Tensor:
    """Return the logits (R, n, C) of the sequences `indices` (n,); arguments as in `train_epoch`.

    A sequence's logits do not depend, to the last bit, on what else is scored.
    """
    check_counts(threads=threads)
    check_cell(cell, params)
    check_sequences(params, frames, starts, lengths, fingers)
    check_tensor("indices", indices, torch.int64, ("n",))
    check_range("indices", indices, len(starts))
    shapes = _shapes(params, fingers)
    unread = torch.zeros_like(starts)
    data = sequence_arrays(shapes, fingers, frames, starts, lengths, unread)
    return run_scores(params, shapes, data, indices, arrays_of=_arrays, cell=cell, threads=threads)


def _shapes(params: Any, fingers: Tensor | None) -> list[Shape]:
    """Return the shapes of the classifier's layers."""
    if isinstance(params, HierarchicalClassifier):
        assert fingers is not None  # checked by check_sequences
        finger_hidden, hand_hidden = (
            layer.weight_hh.shape[-1] for layer in (params.fingers, params.hand)
        )
        F, K = fingers.shape
        return hierarchical(F, K, finger_hidden, hand_hidden)
    lowest = params.rnn[0]
    return stacked(len(params.rnn), lowest.weight_ih.shape[2], lowest.weight_hh.shape[2])


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
