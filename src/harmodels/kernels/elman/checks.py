"""Argument checks of the Elman network's kernels."""

from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import check_float32
from harmodels.models.elman import ElmanClassifier


def check_tensors(params: ElmanClassifier, inputs: Tensor) -> None:
    """Raise TrainingError unless all is float32 on the CPU and `inputs` is (N, T, D), T > 0."""
    check_float32(params, inputs=inputs)
    channels = params.rnn.weight_ih.shape[2]
    if inputs.dim() != 3 or inputs.shape[1] == 0 or inputs.shape[2] != channels:
        raise TrainingError(
            f"inputs have shape {tuple(inputs.shape)}; the network reads "
            f"(sequences, steps, {channels}) with one step or more."
        )
