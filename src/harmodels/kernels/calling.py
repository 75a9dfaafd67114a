"""Around a kernel: what it can compute is checked, and replicates are spread over threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch
from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.models.elman import ElmanClassifier
from harmodels.models.hierarchical import HierarchicalClassifier
from harmodels.models.mlp import Mlp
from harmodels.models.recurrent_classifier import RecurrentClassifier
from harmodels.nn.params import state_dict

Result = TypeVar("Result")


def spread(run: Callable[[int], Result], replicates: int, threads: int) -> list[Result]:
    """Return `run(r)` for r = 0 … replicates - 1, at most `threads` of them at a time.

    Each runs in one thread from beginning to end. After an exception or Ctrl-C no further one
    starts.
    """
    if threads == 1 or replicates == 1:
        return [run(r) for r in range(replicates)]
    pool = ThreadPoolExecutor(min(threads, replicates), thread_name_prefix="replicate")
    try:
        return list(pool.map(run, range(replicates)))
    finally:
        pool.shutdown(cancel_futures=True)


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


def check_vectors(params: Mlp, inputs: Tensor) -> None:
    """Raise TrainingError unless all is float32 on the CPU and `inputs` is (N, D)."""
    check_float32(params, inputs=inputs)
    features = params.hidden1.weight.shape[2]
    if inputs.dim() != 2 or inputs.shape[1] != features:
        raise TrainingError(
            f"inputs have shape {tuple(inputs.shape)}; the network reads (samples, {features})."
        )


def check_tensors(params: ElmanClassifier, inputs: Tensor) -> None:
    """Raise TrainingError unless all is float32 on the CPU and `inputs` is (N, T, D), T > 0."""
    check_float32(params, inputs=inputs)
    channels = params.rnn.weight_ih.shape[2]
    if inputs.dim() != 3 or inputs.shape[1] == 0 or inputs.shape[2] != channels:
        raise TrainingError(
            f"inputs have shape {tuple(inputs.shape)}; the network reads "
            f"(sequences, steps, {channels}) with one step or more."
        )


def check_indices(
    params: ElmanClassifier | Mlp | RecurrentClassifier | HierarchicalClassifier,
    inputs: Tensor,
    labels: Tensor,
    order: Tensor,
) -> None:
    """Raise TrainingError unless labels (N,) and order (R, n) index what they should.

    The kernels read without checking bounds.
    """
    R, C = params.output.bias.shape
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
