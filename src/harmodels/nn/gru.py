"""GRU cell, torch.nn's. Derivation: docs/derivations/gru.md.

The reset gate multiplies W_hn h' + b_hn, after the product (Keras: `reset_after=True`). With h'
one step before::

    r = σ(W_ir x + b_ir + W_hr h' + b_hr)
    z = σ(W_iz x + b_iz + W_hz h' + b_hz)
    q = W_hn h' + b_hn
    n = tanh(W_in x + b_in + r q)
    h = n + z (h' - n)
"""

import torch
from torch import Tensor

from harmodels.nn.cells import Cell, RecurrentParams, Views


def _prepare(params: RecurrentParams, inputs: Tensor) -> Views:
    """Return gates (r, z, q; every part but the recurrent product), their views, and n's part."""
    R, S, _ = inputs.shape
    H = params.weight_hh.shape[-1]
    gates = inputs.new_empty(R, S, 3 * H)
    r_z, q = gates[..., : 2 * H], gates[..., 2 * H :]
    bias = params.bias_ih[:, : 2 * H] + params.bias_hh[:, : 2 * H]  # (R, 2H)
    torch.baddbmm(bias[:, None], inputs, params.weight_ih[:, : 2 * H].mT, out=r_z)
    q[...] = params.bias_hh[:, None, 2 * H :]
    n = torch.baddbmm(params.bias_ih[:, None, 2 * H :], inputs, params.weight_ih[:, 2 * H :].mT)
    return gates, r_z, *r_z.chunk(2, dim=-1), q, n


def _step(buffers: Views, earlier: Views, states: Views) -> None:
    _, r_z, r, z, q, n = buffers
    r_z.sigmoid_()
    n.addcmul_(r, q).tanh_()
    torch.lerp(n, earlier[0], z, out=states[0])


def _slopes(buffers: Views, earlier: Views, states: Views) -> Views:
    """Return the slopes of r, z, q, flat and gate by gate, then z."""
    gates, _, r, z, q, n = buffers
    slopes = torch.empty_like(gates)
    d_r, d_z, d_q = slopes.chunk(3, dim=-1)
    torch.mul(_candidate_slope(z, n), r, out=d_q)  # h by q
    torch.mul(d_q, q, out=d_r).mul_(1 - r)  # h by r's preactivation: (1-z)(1-n²) q · r(1-r)
    torch.sub(earlier[0], n, out=d_z).mul_(z).mul_(1 - z)
    return slopes, torch.unflatten(slopes, -1, (3, -1)), z


def _candidate_slope(z: Tensor, n: Tensor) -> Tensor:
    """Return the slope of h by n's preactivation."""
    return (1 - n.square()).mul_(1 - z)


def _step_back(slopes: Views, d_states: Views) -> None:
    slopes[1].mul_(d_states[0].unsqueeze(-2))


def _carry(slopes: Views, d_states: Views, d_earlier: Views) -> None:
    d_earlier[0].addcmul_(d_states[0], slopes[2])


def _d_projected(buffers: Views, slopes: Views, d_states: Views) -> Tensor:
    _, _, _, z, _, n = buffers
    d_gates, d_n = slopes[0], _candidate_slope(z, n).mul_(d_states[0])
    return torch.cat((d_gates[..., : 2 * n.shape[-1]], d_n), dim=-1)


CELL = Cell(3, 1, None, _prepare, _step, _slopes, _step_back, _carry, _d_projected)
