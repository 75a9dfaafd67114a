"""Argument checks shared by all kernels, which read without checking bounds."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.steps import StepOptions
from harmodels.nn.linear import LinearParams
from harmodels.nn.params import state_dict
from harmodels.optim import AdamState


def check_counts(**counts: int) -> None:
    """Raise TrainingError unless every count is 1 or more."""
    for name, count in counts.items():
        if count < 1:
            raise TrainingError(f"{name} is {count}; it must be 1 or more.")


def check_tensor(
    name: str, tensor: Tensor, dtype: torch.dtype, shape: tuple[int | str, ...]
) -> None:
    """Raise TrainingError unless `tensor` has this type and shape and is on the CPU.

    A named axis of `shape` may have any size.
    """
    same = tensor.dim() == len(shape) and all(
        isinstance(wanted, str) or size == wanted
        for size, wanted in zip(tensor.shape, shape, strict=True)
    )
    if not same or tensor.dtype != dtype or tensor.device.type != "cpu":
        expected = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise TrainingError(
            f"{name} is {tensor.dtype} on {tensor.device} of shape {tuple(tensor.shape)}; the "
            f"compiled loop reads {dtype} on the CPU of shape ({expected}). Convert it, or choose "
            "`engine: reference`."
        )


def check_range(name: str, tensor: Tensor, bound: int) -> None:
    """Raise TrainingError unless there are numbers and all are at least 0 and below `bound`."""
    if not tensor.numel():
        raise TrainingError(f"{name} is empty, of shape {tuple(tensor.shape)}.")
    low, high = int(tensor.min()), int(tensor.max())
    if low < 0 or high >= bound:
        raise TrainingError(f"{name} has values from {low} to {high}; allowed: 0 to {bound - 1}.")


def check_params(params: tuple[Any, ...], prefix: str = "") -> None:
    """Raise TrainingError unless all tensors are float32 on the CPU."""
    for name, tensor in state_dict(params, prefix).items():
        check_tensor(name, tensor, torch.float32, tuple(tensor.shape))


def check_like(name: str, tree: Any, params: Any) -> None:
    """Raise TrainingError unless `tree` is float32 on the CPU and shaped as `params`."""
    if type(tree) is not type(params):
        raise TrainingError(
            f"{name} is a {type(tree).__name__}; it must be a {type(params).__name__} of zeros at "
            "the start."
        )
    for (field, value), tensor in zip(
        state_dict(params).items(), state_dict(tree).values(), strict=True
    ):
        check_tensor(f"{name}.{field}", tensor, torch.float32, tuple(value.shape))


def check_indices(
    output: LinearParams, samples: int, labels: Tensor, order: Tensor, weights: Tensor | None = None
) -> None:
    """Raise TrainingError unless labels, order and weights fit the samples and output layer."""
    check_tensor("labels", labels, torch.int64, (samples,))
    if weights is not None:
        check_tensor("weights", weights, torch.float32, (samples,))
    check_range("labels", labels, output.bias.shape[1])
    check_order(output, samples, order)


def check_order(output: LinearParams, samples: int, order: Tensor) -> None:
    """Raise TrainingError unless order (R, n) fits the samples and the replicates."""
    check_tensor("order", order, torch.int64, (len(output.bias), "n"))
    check_range("order", order, samples)


def check_scored(indices: Tensor, output: LinearParams) -> None:
    """Raise TrainingError unless indices are (n,) or (R, n) int64."""
    own: tuple[int | str, ...] = (len(output.bias), "n")
    check_tensor("indices", indices, torch.int64, ("n",) if indices.dim() == 1 else own)


def check_rates(rates: np.ndarray, order: Tensor, batch_size: int) -> None:
    """Raise TrainingError unless there is a step size for each batch of the order (R, n)."""
    updates = -(-order.shape[1] // batch_size)
    if rates.shape != (updates,):
        raise TrainingError(
            f"rates has shape {rates.shape}; {order.shape[1]} samples in batches of {batch_size} "
            f"take {updates} updates, each with a step size."
        )


def check_masks(masks: Tensor | None, order: Tensor, hidden: int) -> None:
    """Raise TrainingError unless masks is None or (R, n, H) uint8 of zeros and ones."""
    if masks is not None:
        check_tensor("masks", masks, torch.uint8, (*order.shape, hidden))
        check_range("masks", masks, 2)


def check_frames(frames: Tensor, starts: Tensor, lengths: Tensor, channels: int | str) -> None:
    """Raise TrainingError unless all sequences lie within the frames, each with one or more."""
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


def check_adam(params: Any, state: AdamState, options: StepOptions) -> None:
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
