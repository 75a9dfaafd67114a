"""GRU cell, torch.nn's. Derivation: docs/derivations/gru.md.

The reset gate multiplies W_hn h' + b_hn, after the product (Keras: `reset_after=True`). With h'
one step before::

    r = σ(W_ir x + b_ir + W_hr h' + b_hr)
    z = σ(W_iz x + b_iz + W_hz h' + b_hz)
    q = W_hn h' + b_hn
    n = tanh(W_in x + b_in + r q)
    h = n + z (h' - n)

>>> import torch
>>> from harmodels.nn import recurrent
>>> params = RecurrentParams(
...     torch.randn(1, 12, 3), torch.randn(1, 12, 4), torch.zeros(1, 12), torch.zeros(1, 12)
... )
>>> ours, _ = recurrent.forward(CELL, params, [2, 2, 2], torch.randn(1, 6, 3))  # 2 × 3 steps
>>> ours.shape
torch.Size([1, 6, 4])
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harmodels.nn.recurrent import Cell, OnnxOperator, RecurrentParams, Views


class GruBuffers(NamedTuple):
    """Pre-activations of the gates, later their activations; r_z, r, z and q are views of gates."""

    gates: Tensor  # (R, S, 3H), blocks r, z, q
    r_z: Tensor  # (R, S, 2H)
    r: Tensor  # (R, S, H)
    z: Tensor  # (R, S, H)
    q: Tensor  # (R, S, H)
    n: Tensor  # (R, S, H)


class GruSlopes(NamedTuple):
    """Slopes of h by the gates' pre-activations, flat and gate by gate, and by h'."""

    gates: Tensor  # (R, S, 3H), blocks r, z, q
    by_gate: Tensor  # (R, S, 3, H), a view of `gates`
    previous: Tensor  # (R, S, H), which is z


def _prepare(params: RecurrentParams, inputs: Tensor) -> GruBuffers:
    """Return the gates without the recurrent product, and the input's part of n."""
    R, S, _ = inputs.shape
    H = params.weight_hh.shape[-1]
    gates = inputs.new_empty(R, S, 3 * H)
    r_z, q = gates[..., : 2 * H], gates[..., 2 * H :]
    bias = params.bias_ih[:, : 2 * H] + params.bias_hh[:, : 2 * H]  # (R, 2H)
    torch.baddbmm(bias[:, None], inputs, params.weight_ih[:, : 2 * H].mT, out=r_z)
    q[...] = params.bias_hh[:, None, 2 * H :]
    n = torch.baddbmm(params.bias_ih[:, None, 2 * H :], inputs, params.weight_ih[:, 2 * H :].mT)
    r, z = r_z.chunk(2, dim=-1)
    return GruBuffers(gates, r_z, r, z, q, n)


def _step(buffers: GruBuffers, previous: Views, states: Views) -> None:
    buffers.r_z.sigmoid_()
    buffers.n.addcmul_(buffers.r, buffers.q).tanh_()
    torch.lerp(buffers.n, previous[0], buffers.z, out=states[0])


def _slopes(buffers: GruBuffers, previous: Views, states: Views) -> GruSlopes:
    gates, _, r, z, q, n = buffers
    slopes = torch.empty_like(gates)
    d_r, d_z, d_q = slopes.chunk(3, dim=-1)
    torch.mul(_candidate_slope(z, n), r, out=d_q)  # h by q
    torch.mul(d_q, q, out=d_r).mul_(1 - r)  # h by r's preactivation: (1-z)(1-n²) q · r(1-r)
    torch.sub(previous[0], n, out=d_z).mul_(z).mul_(1 - z)
    return GruSlopes(slopes, torch.unflatten(slopes, -1, (3, -1)), z)


def _candidate_slope(z: Tensor, n: Tensor) -> Tensor:
    """Return the slope of h by n's preactivation."""
    return (1 - n.square()).mul_(1 - z)


def _step_back(slopes: GruSlopes, d_states: Views) -> None:
    slopes.by_gate.mul_(d_states[0].unsqueeze(-2))


def _carry_gradient(slopes: GruSlopes, d_states: Views, d_previous: Views) -> None:
    d_previous[0].addcmul_(d_states[0], slopes.previous)


def _d_projected(buffers: GruBuffers, slopes: GruSlopes, d_states: Views) -> Tensor:
    d_n = _candidate_slope(buffers.z, buffers.n).mul_(d_states[0])
    d_gates = slopes.gates  # slopes no longer: `_step_back` multiplied every step
    return torch.cat((d_gates[..., : 2 * d_n.shape[-1]], d_n), dim=-1)


CELL = Cell(
    label="GRU",
    gate_order="rzn",
    states=1,
    prepare=_prepare,
    step=_step,
    slopes=_slopes,
    step_back=_step_back,
    carry_gradient=_carry_gradient,
    d_projected=_d_projected,
    torch_layer=nn.GRU,
    # ONNX may leave out the reset gate's bias, torch.nn does not
    onnx=OnnxOperator("GRU", "zrn", {"linear_before_reset": 1}),
)
