"""SimpleRNN cell: h = tanh(W_ih x + b_ih + W_hh h' + b_hh), h' one step before.

Derivation: docs/derivations/elman.md. One gate, one state; the layer `nn/elman.py` is the same
recurrence on dense windows, with an initial state.
"""

import torch
from torch import Tensor, nn

from harmodels.nn.recurrent import Cell, OnnxOperator, RecurrentParams, Views


def _prepare(params: RecurrentParams, inputs: Tensor) -> Views:
    bias = params.bias_ih + params.bias_hh  # (R, H)
    return (torch.baddbmm(bias[:, None], inputs, params.weight_ih.mT),)  # (R, S, H)


def _step(buffers: Views, previous: Views, states: Views) -> None:
    torch.tanh(buffers[0], out=states[0])


def _slopes(buffers: Views, previous: Views, states: Views) -> Views:
    return (1 - states[0].square(),)


def _step_back(slopes: Views, d_states: Views) -> None:
    slopes[0].mul_(d_states[0])


def _carry_gradient(slopes: Views, d_states: Views, d_previous: Views) -> None:
    """Add nothing: the state passes through the weights only."""


def _d_projected(buffers: Views, slopes: Views, d_states: Views) -> Tensor:
    return slopes[0]


CELL = Cell(
    label="SimpleRNN",
    gate_order="h",
    states=1,
    prepare=_prepare,
    step=_step,
    slopes=_slopes,
    step_back=_step_back,
    carry_gradient=_carry_gradient,
    d_projected=_d_projected,
    torch_layer=nn.RNN,
    onnx=OnnxOperator("RNN", "h"),
)
