"""LSTM cell, torch.nn's. Derivation: docs/derivations/lstm.md.

With h', c' one step before::

    i, f, o = σ(W_i* x + b_i* + W_h* h' + b_h*),  g = tanh(W_ig x + b_ig + W_hg h' + b_hg)
    c = f c' + i g
    h = o tanh(c)
"""

import torch
from torch import Tensor

from harmodels.nn.cells import Cell, RecurrentParams, Views


def _prepare(params: RecurrentParams, inputs: Tensor) -> Views:
    """Return the gates (i, f, g, o), their views, and room for tanh(c)."""
    bias = params.bias_ih + params.bias_hh  # (R, 4H)
    gates = torch.baddbmm(bias[:, None], inputs, params.weight_ih.mT)  # (R, S, 4H)
    i, f, g, o = gates.chunk(4, dim=-1)
    return gates, gates[..., : 2 * i.shape[-1]], i, f, g, o, torch.empty_like(i)


def _step(buffers: Views, earlier: Views, states: Views) -> None:
    _, i_f, i, f, g, o, tanh_c = buffers
    i_f.sigmoid_()
    g.tanh_()
    o.sigmoid_()
    hidden, cell = states
    torch.mul(f, earlier[1], out=cell).addcmul_(i, g)
    torch.tanh(cell, out=tanh_c)
    torch.mul(o, tanh_c, out=hidden)


def _slopes(buffers: Views, earlier: Views, states: Views) -> Views:
    """Return the slopes of i, f, g, o, flat; of i, f, g by c; of o by h; of c by h; and f."""
    gates, _, i, f, g, o, tanh_c = buffers
    slopes = torch.empty_like(gates)
    d_i, d_f, d_g, d_o = slopes.chunk(4, dim=-1)
    torch.mul(g, i, out=d_i).mul_(1 - i)
    torch.mul(earlier[1], f, out=d_f).mul_(1 - f)
    torch.mul(1 - g.square(), i, out=d_g)
    torch.mul(tanh_c, o, out=d_o).mul_(1 - o)
    by_cell = torch.unflatten(slopes[..., : 3 * i.shape[-1]], -1, (3, -1))  # (R, S, 3, H)
    return slopes, by_cell, d_o, (1 - tanh_c.square()).mul_(o), f


def _step_back(slopes: Views, d_states: Views) -> None:
    _, by_cell, d_o, cell_by_hidden, _ = slopes
    d_hidden, d_cell = d_states
    d_cell.addcmul_(d_hidden, cell_by_hidden)
    by_cell.mul_(d_cell.unsqueeze(-2))
    d_o.mul_(d_hidden)


def _carry(slopes: Views, d_states: Views, d_earlier: Views) -> None:
    torch.mul(d_states[1], slopes[4], out=d_earlier[1])


def _d_projected(buffers: Views, slopes: Views, d_states: Views) -> Tensor:
    return slopes[0]


CELL = Cell(4, 2, 1, _prepare, _step, _slopes, _step_back, _carry, _d_projected)
