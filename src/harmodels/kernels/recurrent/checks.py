"""Argument checks of the recurrent classifiers."""

from typing import Any

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import check_like, check_params, check_range, check_tensor
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
    params: Any, frames: Tensor, starts: Tensor, lengths: Tensor, fingers: Tensor | None
) -> None:
    """Raise TrainingError unless frames are the network's and all sequences lie within them."""
    check_params(params)
    if isinstance(params, HierarchicalClassifier):
        _, F, _, K = params.fingers.weight_ih.shape
        if fingers is None:
            raise TrainingError(f"fingers is None; the network reads {F} fingers of {K} channels.")
        check_tensor("fingers", fingers, torch.int64, (F, K))
        check_tensor("frames", frames, torch.float32, ("frames", "channels"))
        check_range("fingers", fingers, frames.shape[1])
    else:
        channels = params.rnn[0].weight_ih.shape[2]
        check_tensor("frames", frames, torch.float32, ("frames", channels))
    check_tensor("starts", starts, torch.int64, ("sequences",))
    check_tensor("lengths", lengths, torch.int64, (len(starts),))
    wrong = ((starts < 0) | (lengths < 1) | (starts + lengths > len(frames))).nonzero()
    if len(wrong):
        i = int(wrong[0])
        raise TrainingError(
            f"sequence {i} has {int(lengths[i])} frames from frame {int(starts[i])} on; there are "
            f"{len(frames)} frames, and a sequence needs one or more of them."
        )


def check_adam(params: Any, state: AdamState, options: Adam) -> None:
    """Raise TrainingError unless the state fits the parameters and epsilon is above zero."""
    if not options.epsilon > 0:
        raise TrainingError(f"epsilon is {options.epsilon}; it must be above 0.")
    check_like("adam_state.exp_avg", state.exp_avg, params)
    check_like("adam_state.exp_avg_sq", state.exp_avg_sq, params)
    if state.updates.shape != params.output.bias.shape[:1]:
        raise TrainingError(
            f"adam_state.updates has shape {tuple(state.updates.shape)}; there are "
            f"{len(params.output.bias)} replicates."
        )
