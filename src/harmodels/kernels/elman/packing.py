"""An Elman classifier's parameters as the kernels keep them, one replicate at a time.

weight (Hp, Zp) has the rows [W_hh | W_ih | b_ih | b_hh | 0], so that with
z_t = [h_{t-1} | x_t | 1 | 1 | 0] the pre-activation of a step is weight · z_t, and the gradient
of all four parameters is one product. weight_t (Zp, Hp) is its transpose. output (C, Zp) has the
rows [W_out | 0 | b_out | 0 | 0]. Hp and Zp are H and H + D + 2, rounded up to whole vector
registers; the padding is zero and stays exactly zero.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harmodels.kernels.checks import check_frames, check_params
from harmodels.kernels.simd.emitter import padded, zeros
from harmodels.models.elman import ElmanClassifier
from harmodels.nn import elman, linear


class Packed(NamedTuple):
    """One replicate's parameters, float32."""

    weight: np.ndarray  # (Hp, Zp)
    weight_t: np.ndarray  # (Zp, Hp)
    output: np.ndarray  # (C, Zp)


class Sequences(NamedTuple):
    """Sequences end to end: i is `frames[starts[i] : starts[i] + lengths[i]]`."""

    frames: np.ndarray  # (F, D)
    starts: np.ndarray  # (N,)
    lengths: np.ndarray  # (N,)


class Workspace(NamedTuple):
    """Working arrays, float32."""

    z: np.ndarray  # (window + 1, Zp), the steps' inputs [h | x | 1 | 1 | 0]
    d_pre: np.ndarray  # (window, Zp), the gradients at the pre-activations
    sums: np.ndarray  # (Zp,)
    hidden_lanes: np.ndarray  # (Zp,), 1 in the lanes of hidden units, else 0
    d_logits: np.ndarray  # (C,)
    d_output: np.ndarray  # (C, Zp), the output layer's gradient, added up over windows
    stop: np.ndarray  # (1,) int64, not zero once the result is no longer wanted


def read_sequences(
    params: ElmanClassifier, frames: Tensor, starts: Tensor, lengths: Tensor
) -> Sequences:
    """Return the sequences as arrays; raise TrainingError unless the network can read them."""
    check_params(params)
    check_frames(frames, starts, lengths, params.rnn.weight_ih.shape[2])
    return Sequences(*(tensor.contiguous().numpy() for tensor in (frames, starts, lengths)))


def pack(params: ElmanClassifier, replicate: int) -> Packed:
    """Copy one replicate's parameters into the kernels' layout."""
    H, D = params.rnn.weight_ih.shape[1:]
    height, width = padded(H), padded(H + D + 2)
    packed = Packed(
        zeros(height, width), zeros(width, height), zeros(params.output.bias.shape[1], width)
    )
    weight_ih, weight_hh, bias_ih, bias_hh = (tensor[replicate].numpy() for tensor in params.rnn)
    packed.weight[:H, :H] = weight_hh
    packed.weight[:H, H : H + D] = weight_ih
    packed.weight[:H, H + D] = bias_ih
    packed.weight[:H, H + D + 1] = bias_hh
    packed.weight_t[:] = packed.weight.T
    packed.output[:, :H] = params.output.weight[replicate].numpy()
    packed.output[:, H + D] = params.output.bias[replicate].numpy()
    return packed


def unpack(replicates: list[Packed], like: ElmanClassifier) -> ElmanClassifier:
    """Return the replicates as tensors of their own, shaped as `like`."""
    H, D = like.rnn.weight_ih.shape[1:]
    weight = torch.from_numpy(np.stack([packed.weight[:H] for packed in replicates]))
    output = torch.from_numpy(np.stack([packed.output for packed in replicates]))
    return ElmanClassifier(
        elman.ElmanParams(
            weight_ih=weight[:, :, H : H + D].contiguous(),
            weight_hh=weight[:, :, :H].contiguous(),
            bias_ih=weight[:, :, H + D].contiguous(),
            bias_hh=weight[:, :, H + D + 1].contiguous(),
        ),
        linear.LinearParams(output[:, :, :H].contiguous(), output[:, :, H + D].contiguous()),
    )


def workspace(packed: Packed, hidden: int, window: int, stop: np.ndarray) -> Workspace:
    """Return arrays for windows of at most `window` steps."""
    classes, width = packed.output.shape
    hidden_lanes = zeros(1, width)[0]
    hidden_lanes[:hidden] = 1
    return Workspace(
        z=zeros(window + 1, width),
        d_pre=zeros(window, width),
        sums=zeros(1, width)[0],
        hidden_lanes=hidden_lanes,
        d_logits=zeros(1, classes)[0],
        d_output=zeros(classes, width),
        stop=stop,
    )
