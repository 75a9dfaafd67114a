"""Argument checks of the recurrent classifiers."""

from typing import Any

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import check_frames, check_params, check_range, check_tensor
from harmodels.kernels.recurrent.cells import CELLS
from harmodels.kernels.recurrent.plan import Shape
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.nn.linear import LinearParams
from harmodels.nn.params import state_dict
from harmodels.nn.pooling import POOLINGS


def check_cell(cell: str, params: Any) -> None:
    """Raise TrainingError unless the cell is known and the layers have its gates."""
    if cell not in CELLS:
        raise TrainingError(
            f"cell is {cell!r}, of which nothing is compiled; the compiled cells are "
            f"{', '.join(CELLS)}. engine=reference trains every cell."
        )
    gates, named = len(CELLS[cell].order), state_dict(params)
    for name, weight in named.items():
        if name.endswith("weight_ih"):
            rows, hidden = weight.shape[-2], named[name.replace("_ih", "_hh")].shape[-1]
            if rows != gates * hidden:
                raise TrainingError(
                    f"{name.removeprefix('rnn.')} has {rows} rows; the cell {cell} with {hidden} "
                    f"units has {gates * hidden}."
                )


def check_pooling(pooling: str, shapes: list[Shape], output: LinearParams) -> int:
    """Return how many elements the output layer reads; raise TrainingError if it reads others."""
    if pooling not in POOLINGS:
        raise TrainingError(f"pooling is {pooling!r}; it is one of {', '.join(POOLINGS)}.")
    top = [shape.hidden for shape in shapes if shape.level == shapes[-1].level]
    features, found = len(POOLINGS[pooling]) * sum(top), output.weight.shape[-1]
    if found != features:
        raise TrainingError(
            f"the output layer reads {found} elements; pooling={pooling} gives it {features}."
        )
    return features


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
        check_frames(frames, starts, lengths, "channels")
        check_range("fingers", fingers, frames.shape[1])
    else:
        check_frames(frames, starts, lengths, params.rnn[0].weight_ih.shape[2])
