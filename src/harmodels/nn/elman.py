"""Elman recurrence: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh).

Derivation: docs/derivations/elman.md. Inside the time loops is only the recurrence; the
input product and the parameters' gradients are one product each, outside.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class ElmanParams(NamedTuple):
    """Parameters of R recurrent layers, in torch.nn.RNN's layout."""

    weight_ih: Tensor  # (R, H, D)
    weight_hh: Tensor  # (R, H, H)
    bias_ih: Tensor  # (R, H)
    bias_hh: Tensor  # (R, H)


class ElmanCache(NamedTuple):
    """What the backward pass needs."""

    inputs: Tensor  # (R, B, T, D)
    hidden: Tensor  # (R, B, T + 1, H): the initial state, then one a step


def forward(params: ElmanParams, inputs: Tensor, initial: Tensor) -> tuple[Tensor, ElmanCache]:
    """Run R recurrent layers over a batch of sequences.

    Parameters
    ----------
    params
        D inputs and H units.
    inputs
        (R, B, T, D).
    initial
        (R, B, H), the state before the first step.

    Returns
    -------
    outputs
        (R, B, T, H), the state after each step.
    cache
        What `backward` needs.

    Examples
    --------
    Two replicates, a batch of 4 sequences of 5 steps, 3 inputs and 6 units:

    >>> import torch
    >>> params = ElmanParams(
    ...     weight_ih=torch.randn(2, 6, 3), weight_hh=torch.randn(2, 6, 6),
    ...     bias_ih=torch.zeros(2, 6), bias_hh=torch.zeros(2, 6),
    ... )
    >>> outputs, cache = forward(params, torch.randn(2, 4, 5, 3), torch.zeros(2, 4, 6))
    >>> outputs.shape
    torch.Size([2, 4, 5, 6])
    """
    R, B, T, D = inputs.shape
    bias = params.bias_ih + params.bias_hh  # (R, H)
    projected = torch.baddbmm(bias[:, None], inputs.reshape(R, B * T, D), params.weight_ih.mT).view(
        R, B, T, -1
    )  # (R, B, T, H)
    hidden = initial.new_empty(R, B, T + 1, initial.shape[-1])
    hidden[:, :, 0] = initial
    state = initial  # (R, B, H)
    for t in range(T):
        state = torch.tanh(torch.baddbmm(projected[:, :, t], state, params.weight_hh.mT))
        hidden[:, :, t + 1] = state
    return hidden[:, :, 1:], ElmanCache(inputs, hidden)


def backward(
    params: ElmanParams, cache: ElmanCache, d_outputs: Tensor
) -> tuple[Tensor, Tensor, ElmanParams]:
    """Propagate the gradient back through time: the recursion multiplies by W_hh transposed.

    Parameters
    ----------
    params, cache
        As in and from `forward`.
    d_outputs
        (R, B, T, H).

    Returns
    -------
    d_inputs
        (R, B, T, D).
    d_initial
        (R, B, H).
    d_params
        Summed over batch and time.

    Examples
    --------
    The gradient of the sum of all states, by hand and by central differences:

    >>> import torch
    >>> shapes = (1, 6, 3), (1, 6, 6), (1, 6), (1, 6)
    >>> params = ElmanParams(*(torch.randn(shape, dtype=torch.float64) for shape in shapes))
    >>> inputs = torch.randn(1, 4, 5, 3, dtype=torch.float64)
    >>> initial = torch.zeros(1, 4, 6, dtype=torch.float64)
    >>> outputs, cache = forward(params, inputs, initial)
    >>> _, _, d_params = backward(params, cache, torch.ones_like(outputs))
    >>> def total(weight_hh):
    ...     return forward(params._replace(weight_hh=weight_hh), inputs, initial)[0].sum()
    >>> step = 1e-6 * torch.randn_like(params.weight_hh)
    >>> difference = (total(params.weight_hh + step) - total(params.weight_hh - step)) / 2
    >>> torch.allclose((d_params.weight_hh * step).sum(), difference, atol=1e-11)
    True
    """
    return _backward(params, cache, d_outputs, recurrence=params.weight_hh)


def backward_untransposed(
    params: ElmanParams, cache: ElmanCache, d_outputs: Tensor
) -> tuple[Tensor, Tensor, ElmanParams]:
    """Propagate as report rnn_tbptt prints it, with W_hh in place of its transpose.

    This is not the gradient of the loss (docs/derivations/elman.md, last section); it is here
    to show what the misprint does to a table.
    """
    return _backward(params, cache, d_outputs, recurrence=params.weight_hh.mT)


def _backward(
    params: ElmanParams, cache: ElmanCache, d_outputs: Tensor, recurrence: Tensor
) -> tuple[Tensor, Tensor, ElmanParams]:
    d_preactivation, d_initial = through_time(cache, d_outputs, recurrence)
    R, B, T, _ = cache.inputs.shape
    flat = d_preactivation.view(R, B * T, -1)
    d_inputs = (flat @ params.weight_ih).view(R, B, T, -1)
    return d_inputs, d_initial, parameter_gradients(cache, d_preactivation)


def through_time(cache: ElmanCache, d_outputs: Tensor, recurrence: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients at the pre-activations (R, B, T, H) and at the initial state (R, B, H).

    `recurrence` (R, H, H) is `weight_hh`, or its transpose for the recursion as printed.
    """
    hidden, T = cache.hidden, cache.inputs.shape[2]
    slope = 1 - hidden[:, :, 1:].square()  # (R, B, T, H), tanh' at each step
    d_preactivation = torch.empty_like(slope)  # (R, B, T, H)
    d_state = torch.zeros_like(hidden[:, :, 0])  # (R, B, H), what later steps send back
    for t in reversed(range(T)):
        d_step = (d_outputs[:, :, t] + d_state) * slope[:, :, t]  # (R, B, H)
        d_preactivation[:, :, t] = d_step
        d_state = d_step @ recurrence  # row by row: recurrenceᵀ · d_step
    return d_preactivation, d_state


def parameter_gradients(cache: ElmanCache, d_preactivation: Tensor) -> ElmanParams:
    """Return the parameters' gradients for those at the pre-activations, (R, B, T, H)."""
    R, B, T, D = cache.inputs.shape
    flat = d_preactivation.view(R, B * T, -1)
    d_weight_ih = flat.mT @ cache.inputs.reshape(R, B * T, D)  # (R, H, D)
    d_weight_hh = flat.mT @ cache.hidden[:, :, :-1].reshape(R, B * T, -1)  # (R, H, H)
    d_bias = flat.sum(1)  # (R, H), the same for both biases
    return ElmanParams(d_weight_ih, d_weight_hh, d_bias, d_bias)
