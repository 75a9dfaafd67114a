"""What the compiled recurrent classifiers refuse: the kernels read without checking bounds."""

from typing import Any

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import check_float32
from harmodels.kernels.recurrent.cells import CELLS
from harmodels.kernels.recurrent.head import Adam
from harmodels.kernels.recurrent.plan import GATES
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.nn.params import state_dict
from harmodels.optim import AdamState


def check_cell(cell: str, params: Any) -> None:
    """Raise TrainingError unless the cell is known and the layers have its gates."""
    if cell not in CELLS:
        raise TrainingError(f"cell is {cell!r}; it must be one of {', '.join(CELLS)}.")
    gates, named = GATES[CELLS.index(cell)], state_dict(params)
    for name, weight in named.items():
        if name.endswith("weight_ih"):
            rows, hidden = weight.shape[-2], named[name.replace("_ih", "_hh")].shape[-1]
            if rows != gates * hidden:
                raise TrainingError(
                    f"{name.removeprefix('rnn.')} has {rows} rows; the cell {cell} with {hidden} "
                    f"units has {gates * hidden}."
                )


def check_sequences(
    params: Any, frames: Tensor, starts: Tensor, lengths: Tensor, *, channels: Tensor | None = None
) -> None:
    """Raise TrainingError unless frames are the network's and all sequences lie within them.

    `channels` are those that the fingers read; without fingers it is None.
    """
    check_float32(params, frames=frames)
    if channels is None:
        width = params.rnn[0].weight_ih.shape[2]
        if frames.dim() != 2 or frames.shape[1] != width:
            raise TrainingError(
                f"frames have shape {tuple(frames.shape)}; the network reads (frames, {width})."
            )
    else:
        _check_channels(params, frames, channels)
    for name, tensor in (("starts", starts), ("lengths", lengths)):
        if tensor.dtype != torch.int64 or tensor.shape != (len(starts),) or tensor.is_cuda:
            raise TrainingError(
                f"{name} are {tensor.dtype} of shape {tuple(tensor.shape)} on {tensor.device}; "
                f"they must be torch.int64 of shape ({len(starts)},) on the CPU."
            )
    wrong = ((starts < 0) | (lengths < 1) | (starts + lengths > len(frames))).nonzero()
    if len(wrong):
        i = int(wrong[0])
        raise TrainingError(
            f"sequence {i} has {int(lengths[i])} frames from frame {int(starts[i])} on; there are "
            f"{len(frames)} frames, and a sequence needs one or more of them."
        )


def check_rows(rows: Tensor, sequences: int) -> None:
    """Raise TrainingError unless rows (n,) are one or more of the sequences."""
    if rows.dtype != torch.int64 or rows.dim() != 1 or not len(rows) or rows.is_cuda:
        raise TrainingError(
            f"rows are {rows.dtype} of shape {tuple(rows.shape)} on {rows.device}; they must be "
            "torch.int64 of shape (n,) on the CPU with n of 1 or more."
        )
    low, high = int(rows.min()), int(rows.max())
    if low < 0 or high >= sequences:
        raise TrainingError(
            f"rows reach from {low} to {high}; they must stay within 0 and {sequences - 1}."
        )


def _check_channels(params: HierarchicalClassifier, frames: Tensor, channels: Tensor) -> None:
    expected = params.fingers.weight_ih.shape[1], params.fingers.weight_ih.shape[3]
    if channels.dtype != torch.int64 or channels.shape != expected:
        raise TrainingError(
            f"fingers are {channels.dtype} of shape {tuple(channels.shape)}; the network has "
            f"{expected[0]} fingers of {expected[1]} channels, torch.int64."
        )
    low, high = int(channels.min()), int(channels.max())
    if frames.dim() != 2 or low < 0 or high >= frames.shape[1]:
        raise TrainingError(
            f"fingers name channels {low} to {high}; frames have shape {tuple(frames.shape)}."
        )


def check_masks(masks: Tensor | None, order: Tensor, hidden: int) -> None:
    """Raise TrainingError unless masks is None or (R, n, H) uint8 of zeros and ones."""
    if masks is None:
        return
    expected = (*order.shape, hidden)
    if masks.dtype != torch.uint8 or masks.device.type != "cpu" or masks.shape != expected:
        raise TrainingError(
            f"masks are {masks.dtype} of shape {tuple(masks.shape)} on {masks.device}; the "
            f"compiled loop reads torch.uint8 of shape {expected} on the CPU."
        )
    if int(masks.max()) > 1:
        raise TrainingError(f"masks reach {int(masks.max())}; they must be zeros and ones.")


def check_adam(params: Any, state: AdamState, options: Adam) -> None:
    """Raise TrainingError unless the state fits the parameters and epsilon is above zero."""
    if not options.epsilon > 0:
        raise TrainingError(f"epsilon is {options.epsilon}; it must be above 0.")
    for moment in ("first", "second"):
        tree = getattr(state, moment)
        check_float32(tree, f"{moment}.")
        named = state_dict(tree)
        for name, value in state_dict(params).items():
            shape = tuple(named[name].shape) if name in named else "no shape"
            if shape != tuple(value.shape):
                raise TrainingError(
                    f"{moment}.{name} of adam_state has shape {shape}; the parameter has "
                    f"{tuple(value.shape)}."
                )
    if state.updates.shape != value.shape[:1]:
        raise TrainingError(
            f"adam_state.updates has shape {tuple(state.updates.shape)}; there are "
            f"{len(value)} replicates."
        )
