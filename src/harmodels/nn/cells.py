"""A recurrent cell as a record of functions: its mathematics apart from the loop over time.

`nn/recurrent.py` runs the loop, the same for every cell; `nn/simple_rnn.py`, `nn/gru.py` and
`nn/lstm.py` compute one step. A cell holds no state. All tensors are packed, (R, S, ·) over all
steps or (R, b, ·) at one step, and the functions of one step write into what they are given, since
the loop allocates nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

Views = tuple[Tensor, ...]
Buffers = Any  # a NamedTuple of tensors of the cell's own, or a plain tuple
Slopes = Any


class RecurrentParams(NamedTuple):
    """Parameters of R recurrent layers of G gates, in torch.nn's layout and gate order."""

    weight_ih: Tensor  # (R, G·H, D)
    weight_hh: Tensor  # (R, G·H, H)
    bias_ih: Tensor  # (R, G·H)
    bias_hh: Tensor  # (R, G·H)


class Cell(NamedTuple):
    """One kind of recurrent layer.

    Attributes
    ----------
    gates
        G, blocks of H rows in the weights.
    states
        How many tensors pass from step to step: 1 (hidden) or 2 (hidden, cell state).
    forget_gate
        Position of the forget gate among the gates, if there is one.
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
    """

    gates: int
    states: int
    forget_gate: int | None
    prepare: Callable[[RecurrentParams, Tensor], Buffers]
    step: Callable[[Buffers, Views, Views], None]
    slopes: Callable[[Buffers, Views, Views], Slopes]
    step_back: Callable[[Slopes, Views], None]
    carry_gradient: Callable[[Slopes, Views, Views], None]
    d_projected: Callable[[Buffers, Slopes, Views], Tensor]
