"""LSTM cell, torch.nn's. Derivation: docs/derivations/lstm.md.

With h', c' one step before::

    i, f, o = σ(W_i* x + b_i* + W_h* h' + b_h*),  g = tanh(W_ig x + b_ig + W_hg h' + b_hg)
    c = f c' + i g
    h = o tanh(c)
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harmodels.nn.recurrent import Cell, OnnxOperator, RecurrentParams, Views


class LstmBuffers(NamedTuple):
    """Pre-activations of the gates, later their activations; i_f to o are views of gates."""

    gates: Tensor  # (R, S, 4H), blocks i, f, g, o
    i_f: Tensor  # (R, S, 2H)
    i: Tensor  # (R, S, H)
    f: Tensor  # (R, S, H)
    g: Tensor  # (R, S, H)
    o: Tensor  # (R, S, H)
    tanh_c: Tensor  # (R, S, H)


class LstmSlopes(NamedTuple):
    """Slopes of c by the pre-activations of i, f, g, of h by that of o, of h by c, of c by c'."""

    gates: Tensor  # (R, S, 4H), blocks i, f, g, o
    i_f_g: Tensor  # (R, S, 3, H), a view of `gates`
    o: Tensor  # (R, S, H), a view of `gates`
    hidden_by_cell: Tensor  # (R, S, H)
    previous_cell: Tensor  # (R, S, H), which is f


def _prepare(params: RecurrentParams, inputs: Tensor) -> LstmBuffers:
    """Return the gates without the recurrent product, and room for tanh(c)."""
    bias = params.bias_ih + params.bias_hh  # (R, 4H)
    gates = torch.baddbmm(bias[:, None], inputs, params.weight_ih.mT)  # (R, S, 4H)
    i, f, g, o = gates.chunk(4, dim=-1)
    i_f = gates[..., : 2 * i.shape[-1]]
    return LstmBuffers(gates, i_f, i, f, g, o, torch.empty_like(i))


def _step(buffers: LstmBuffers, previous: Views, states: Views) -> None:
    _, i_f, i, f, g, o, tanh_c = buffers
    i_f.sigmoid_()
    g.tanh_()
    o.sigmoid_()
    hidden, cell = states
    torch.mul(f, previous[1], out=cell).addcmul_(i, g)
    torch.tanh(cell, out=tanh_c)
    torch.mul(o, tanh_c, out=hidden)


def _slopes(buffers: LstmBuffers, previous: Views, states: Views) -> LstmSlopes:
    gates, _, i, f, g, o, tanh_c = buffers
    slopes = torch.empty_like(gates)
    d_i, d_f, d_g, d_o = slopes.chunk(4, dim=-1)
    torch.mul(g, i, out=d_i).mul_(1 - i)
    torch.mul(previous[1], f, out=d_f).mul_(1 - f)
    torch.mul(1 - g.square(), i, out=d_g)
    torch.mul(tanh_c, o, out=d_o).mul_(1 - o)
    i_f_g = torch.unflatten(slopes[..., : 3 * i.shape[-1]], -1, (3, -1))  # (R, S, 3, H)
    return LstmSlopes(slopes, i_f_g, d_o, (1 - tanh_c.square()).mul_(o), f)


def _step_back(slopes: LstmSlopes, d_states: Views) -> None:
    d_hidden, d_cell = d_states
    d_cell.addcmul_(d_hidden, slopes.hidden_by_cell)
    slopes.i_f_g.mul_(d_cell.unsqueeze(-2))
    slopes.o.mul_(d_hidden)


def _carry_gradient(slopes: LstmSlopes, d_states: Views, d_previous: Views) -> None:
    torch.mul(d_states[1], slopes.previous_cell, out=d_previous[1])


def _d_projected(buffers: LstmBuffers, slopes: LstmSlopes, d_states: Views) -> Tensor:
    return slopes.gates


CELL = Cell(
    label="LSTM",
    gate_order="ifgo",
    states=2,
    prepare=_prepare,
    step=_step,
    slopes=_slopes,
    step_back=_step_back,
    carry_gradient=_carry_gradient,
    d_projected=_d_projected,
    forget_gate="f",
    torch_layer=nn.LSTM,
    onnx=OnnxOperator("LSTM", "iofg"),
)
