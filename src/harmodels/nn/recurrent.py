"""The record of a recurrent cell, and the loop over time, one for all cells, on packed sequences.

Derivation: docs/derivations/packing.md; the cells' own are named in `nn/cells`. Inside the loops
are only the recurrent product and the cell's pointwise mathematics, written into buffers that
already exist; the input product and the weights' gradients are one product each, outside. Every
sequence starts from zero states. `nn/packing.py` explains how rows are packed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from harmodels.nn.packing import one_step_before

Views = tuple[Tensor, ...]
Buffers = Any  # a NamedTuple of tensors of the cell's own, or a plain tuple
Slopes = Any


class RecurrentParams(NamedTuple):
    """Parameters of R recurrent layers of G gates, in torch.nn's layout and gate order."""

    weight_ih: Tensor  # (R, G·H, D)
    weight_hh: Tensor  # (R, G·H, H)
    bias_ih: Tensor  # (R, G·H)
    bias_hh: Tensor  # (R, G·H)


class OnnxOperator(NamedTuple):
    """The operator of ONNX that computes a cell."""

    name: str
    gate_order: str  # in the letters of `Cell.gate_order`
    attributes: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Cell:
    """One kind of recurrent layer: its mathematics apart from the loop over time, and its names.

    A cell holds no state. All tensors are packed, (R, S, ·) over all steps or (R, b, ·) at one
    step, and the functions of one step write into what they are given, since the loop allocates
    nothing.

    Attributes
    ----------
    label
        What people call it.
    gate_order
        A letter for each block of H rows in the weights.
    states
        How many tensors pass from step to step: 1 (hidden) or 2 (hidden, cell state).
    prepare(params, inputs)
        The input product of all steps; returns the buffers, of which the first (R, S, G·H)
        receives the recurrent product of each step.
    step(buffers, previous, states)
        From the gates' preactivations and the states one step before to the new `states`.
    slopes(buffers, previous, states)
        What each step's gradient is multiplied by, for all steps at once; the first tensor
        (R, S, G·H) becomes `d_gates`.
    step_back(slopes, d_states)
        Turn the slopes of one step into its `d_gates`, given the whole gradient at its hidden
        state; completes the gradient of the other states.
    carry_gradient(slopes, d_states, d_previous)
        Add to the gradient one step before the part that does not pass through the weights.
    d_projected(buffers, slopes, d_states)
        The gradient (R, S, G·H) at the input product, after the loop.
    forget_gate
        The letter of the forget gate, whose bias Keras starts at one.
    torch_layer
        The layer of torch.nn with these weights and equations, or a class of the same constructor
        and names; None if there is none.
    onnx
        Its operator in ONNX; None if there is none.
    """

    label: str
    gate_order: str
    states: int
    prepare: Callable[[RecurrentParams, Tensor], Buffers]
    step: Callable[[Buffers, Views, Views], None]
    slopes: Callable[[Buffers, Views, Views], Slopes]
    step_back: Callable[[Slopes, Views], None]
    carry_gradient: Callable[[Slopes, Views, Views], None]
    d_projected: Callable[[Buffers, Slopes, Views], Tensor]
    forget_gate: str | None = None
    torch_layer: type[nn.Module] | None = None
    onnx: OnnxOperator | None = None

    @property
    def gates(self) -> int:
        """G, the number of gates."""
        return len(self.gate_order)


class RecurrentCache(NamedTuple):
    """What the backward pass needs."""

    size_at_t: list[int]
    inputs: Tensor  # (R, S, D)
    buffers: Buffers  # (R, S, ·), the cell's
    states: Views  # (R, S, H) each, the hidden state first


def forward(
    cell: Cell, params: RecurrentParams, size_at_t: list[int], inputs: Tensor
) -> tuple[Tensor, RecurrentCache]:
    """Run R recurrent layers over packed sequences.

    Parameters
    ----------
    cell
        One of `nn.cells.CELLS`.
    params
        D inputs and H units.
    size_at_t
        Sequences still running at each step (`packing.PackedLayout`).
    inputs
        (R, S, D).

    Returns
    -------
    outputs
        (R, S, H), the hidden state after each step.
    cache
        What `backward` needs.

    Examples
    --------
    A GRU of 4 units over two sequences of 3 channels, of lengths 5 and 2:

    >>> import torch
    >>> from harmodels.nn import packing
    >>> from harmodels.nn.cells import CELLS
    >>> params = RecurrentParams(
    ...     torch.randn(1, 12, 3), torch.randn(1, 12, 4), torch.zeros(1, 12), torch.zeros(1, 12)
    ... )
    >>> layout = packing.layout(torch.tensor([[5, 2]]))
    >>> inputs = packing.pack(layout, torch.randn(1, 2, 5, 3))
    >>> outputs, cache = forward(CELLS["gru"], params, layout.size_at_t, inputs)
    >>> outputs.shape, layout.size_at_t
    (torch.Size([1, 7, 4]), [2, 2, 1, 1, 1])
    >>> packing.last(layout, outputs).shape  # the state after each sequence's last step
    torch.Size([1, 2, 4])
    >>> d_inputs, d_params = backward(CELLS["gru"], params, cache, torch.ones_like(outputs))
    >>> d_params.weight_hh.shape
    torch.Size([1, 12, 4])
    """
    R, S, _ = inputs.shape
    H = params.weight_hh.shape[-1]
    weight = params.weight_hh.mT.contiguous()  # (R, H, G·H): a plain product is the faster one
    buffers = cell.prepare(params, inputs)
    states = tuple(inputs.new_empty(R, S, H) for _ in range(cell.states))
    previous: Views = tuple(inputs.new_zeros(R, size_at_t[0], H) for _ in range(cell.states))
    for step, now in zip(_steps(buffers, size_at_t), _steps(states, size_at_t), strict=True):
        previous = _first(previous, now[0].shape[1])
        step[0].baddbmm_(previous[0], weight)
        cell.step(step, previous, now)
        previous = now
    return states[0], RecurrentCache(size_at_t, inputs, buffers, states)


def backward(
    cell: Cell, params: RecurrentParams, cache: RecurrentCache, d_outputs: Tensor
) -> tuple[Tensor, RecurrentParams]:
    """Propagate the gradient back through time.

    Parameters
    ----------
    cell, params, cache
        As in and from `forward`.
    d_outputs
        (R, S, H), zero in rows that repeat a frame (`packing.last_backward`,
        `packing.unpack_backward`).

    Returns
    -------
    d_inputs
        (R, S, D).
    d_params
        Summed over sequences and time.
    """
    d_projected, d_params = _through_time(cell, params, cache, d_outputs)
    return d_projected @ params.weight_ih, d_params


def backward_to_params(
    cell: Cell, params: RecurrentParams, cache: RecurrentCache, d_outputs: Tensor
) -> RecurrentParams:
    """Propagate as `backward`, without the inputs' gradient, which a first layer has no use for."""
    return _through_time(cell, params, cache, d_outputs)[1]


def _through_time(
    cell: Cell, params: RecurrentParams, cache: RecurrentCache, d_outputs: Tensor
) -> tuple[Tensor, RecurrentParams]:
    size_at_t, inputs, buffers, states = cache
    previous = tuple(one_step_before(size_at_t, state) for state in states)  # (R, S, H) each
    slopes = cell.slopes(buffers, previous, states)
    d_states = (d_outputs.clone(), *(torch.zeros_like(state) for state in states[1:]))
    d_steps = _steps(d_states, size_at_t)
    for t, step in reversed(list(enumerate(_steps(slopes, size_at_t)))):
        cell.step_back(step, d_steps[t])
        if t > 0:
            d_previous = _first(d_steps[t - 1], size_at_t[t])
            cell.carry_gradient(step, d_steps[t], d_previous)
            d_previous[0].baddbmm_(step[0], params.weight_hh)  # row by row: weight_hhᵀ · d_gates
    d_gates = slopes[0]  # (R, S, G·H)
    d_projected = cell.d_projected(buffers, slopes, d_states)  # (R, S, G·H)
    return d_projected, RecurrentParams(
        d_projected.mT @ inputs, d_gates.mT @ previous[0], d_projected.sum(1), d_gates.sum(1)
    )


def _steps(tensors: Any, size_at_t: list[int]) -> list[Any]:
    """Return the views of each step in tuples of the same kind, by one cheap call a tensor."""
    build = getattr(tensors, "_make", tuple)
    views = (tensor.split_with_sizes(size_at_t, dim=1) for tensor in tensors)
    return [build(step) for step in zip(*views, strict=True)]


def _first(tensors: Views, size: int) -> Views:
    """Return the first `size` sequences: those of a step that go on to the next."""
    if tensors[0].shape[1] == size:
        return tensors
    return tuple(tensor[:, :size] for tensor in tensors)
