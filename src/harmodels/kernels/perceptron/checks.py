"""Argument checks of the perceptron's kernel."""

from torch import Tensor

from harmodels.errors import TrainingError
from harmodels.kernels.checks import check_float32
from harmodels.models.mlp import Mlp


def check_vectors(params: Mlp, inputs: Tensor) -> None:
    """Raise TrainingError unless all is float32 on the CPU and `inputs` is (N, D)."""
    check_float32(params, inputs=inputs)
    features = params.hidden1.weight.shape[2]
    if inputs.dim() != 2 or inputs.shape[1] != features:
        raise TrainingError(
            f"inputs have shape {tuple(inputs.shape)}; the network reads (samples, {features})."
        )
