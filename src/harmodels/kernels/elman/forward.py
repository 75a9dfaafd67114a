"""Forward pass of an Elman classifier through a window of one sequence; layout: `packing`."""

import numpy as np

from harmodels.kernels.compiling import inlined
from harmodels.kernels.elman.output_layer import set_output
from harmodels.kernels.simd.elementary import tanh
from harmodels.kernels.simd.products import weighted_rows

# Rows are passed as array and index: a slice handed to a function costs an atomic count of
# references, and these run once a step.


@inlined
def _set_input(z: np.ndarray, t: int, hidden: int, sequence: np.ndarray, step: int) -> None:
    """Complete z[t] behind the state: x_step and the two ones."""
    channels = sequence.shape[1]
    for d in range(channels):
        z[t, hidden + d] = sequence[step, d]
    z[t, hidden + channels] = 1
    z[t, hidden + channels + 1] = 1


@inlined
def forward(
    weight_t: np.ndarray, z: np.ndarray, first: int, sums: np.ndarray, hidden: int,
    sequence: np.ndarray, start: int, steps: int,
) -> None:  # fmt: skip
    """Run `steps` steps from the state in z[first] to the output layer's input behind them."""
    wide, width, channels = z.shape[1], weight_t.shape[1], sequence.shape[1]
    count = (hidden + channels + 3) // 2 * 2
    _set_input(z, first, hidden, sequence, start)
    for t in range(steps):
        row = first + t
        weighted_rows(z, row * wide, weight_t, 0, width, count, width, sums, 0, t % 2 == 1)
        for j in range(width):
            z[row + 1, j] = tanh(sums[j])  # the padding of the weights makes tanh 0 = 0
        if t + 1 < steps:
            _set_input(z, row + 1, hidden, sequence, start + t + 1)
        else:
            set_output(z, row + 1, hidden, channels)
