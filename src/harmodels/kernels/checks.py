"""Argument checks shared by all kernels."""

from typing import Any

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.nn.linear import LinearParams
from harmodels.nn.params import state_dict


def check_counts(**counts: int) -> None:
    """Raise TrainingError unless every count is 1 or more."""
    for name, count in counts.items():
        if count < 1:
            raise TrainingError(f"{name} is {count}; it must be 1 or more.")


def check_float32(tree: tuple[Any, ...], prefix: str = "", **others: Tensor) -> None:
    """Raise TrainingError unless all tensors are float32 on the CPU."""
    for name, tensor in {**others, **state_dict(tree, prefix)}.items():
        if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
            raise TrainingError(
                f"the compiled loop computes float32 on the CPU, but {name} is {tensor.dtype} on "
                f"{tensor.device}. Convert it, or choose `engine: reference`."
            )


def check_indices(output: LinearParams, inputs: Tensor, labels: Tensor, order: Tensor) -> None:
    """Raise TrainingError unless labels (N,) and order (R, n) fit the inputs and output layer.

    The kernels read without checking bounds.
    """
    R, C = output.bias.shape
    N = len(inputs)
    if labels.shape != (N,) or order.dim() != 2 or len(order) != R or order.shape[1] == 0:
        raise TrainingError(
            f"labels have shape {tuple(labels.shape)} and order {tuple(order.shape)}; {N} "
            f"samples and {R} replicates need ({N},) and ({R}, n) with n of 1 or more."
        )
    for name, tensor, bound in (("labels", labels, C), ("order", order, N)):
        if tensor.dtype != torch.int64 or tensor.device.type != "cpu":
            raise TrainingError(
                f"{name} must be int64 on the CPU, not {tensor.dtype} on {tensor.device}. "
                "Convert it, or choose `engine: reference`."
            )
        low, high = int(tensor.min()), int(tensor.max())
        if low < 0 or high >= bound:
            raise TrainingError(
                f"{name} reaches from {low} to {high}; it must stay within 0 and {bound - 1}."
            )
