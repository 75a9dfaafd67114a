"""The pointwise mathematics of the recurrent cells, a vector of hidden units at a time.

Equations and derivations: nn/cells. Every function sees one sequence at one step:

    gates        pre-activations; activations after `step`, their gradients after `step_back`
    previous     the states one step before: h', and c' of the LSTM
    output       where h goes; next_states: where the states go, as `previous` of the next step
    d_states     the gradients at the states from the later steps; after `step_back` the part of the
                 gradients at the previous states that does not pass through the weights
    d_output     the gradient at h from above

Blocks of the gates: SimpleRNN h; GRU n, r, z, q; LSTM i, f, g, o. The GRU's order makes both what
the input product writes (n, r, z) and what the recurrent product adds to (r, z, q) contiguous.

A cell is compiled if `CELLS` has a record of its key.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numba import types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import LANES, Emitter
from harmodels.kernels.simd.lanes import Row, sigmoid, tanh

Compute = Callable[[Row, Row, Row, Row], None]


class CompiledCell(NamedTuple):
    """The mathematics of a cell and how its gates lie in memory."""

    step: Compute  # (gates, previous, output, next_states)
    step_back: Compute  # (gates, previous, d_states, d_output)
    order: tuple[int, ...]  # torch.nn's gates in the order of the input product's blocks
    states: int = 1  # tensors that pass from step to step
    apart: bool = False  # the recurrent product of the first block has a block behind the others


def _simple_rnn(gates: Row, previous: Row, output: Row, next_states: Row) -> None:
    h = tanh(gates[0])
    gates[0] = output[0] = next_states[0] = h


def _simple_rnn_back(gates: Row, previous: Row, d_states: Row, d_output: Row) -> None:
    h = gates[0]
    d_h = d_states[0] + d_output[0]
    gates[0] = d_h * (1.0 - h * h)
    d_states.clear(0)


def _gru(gates: Row, previous: Row, output: Row, next_states: Row) -> None:
    r, z = sigmoid(gates[1]), sigmoid(gates[2])
    n = tanh(gates[0] + r * gates[3])
    h = n + z * (previous[0] - n)
    gates[0], gates[1], gates[2] = n, r, z
    output[0] = next_states[0] = h


def _gru_back(gates: Row, previous: Row, d_states: Row, d_output: Row) -> None:
    n, r, z, q = (gates[k] for k in range(4))
    d_h = d_states[0] + d_output[0]
    d_n = d_h * (1.0 - z) * (1.0 - n * n)
    gates[0] = d_n
    gates[1] = d_n * q * r * (1.0 - r)
    gates[2] = d_h * (previous[0] - n) * z * (1.0 - z)
    gates[3] = d_n * r
    d_states[0] = d_h * z


def _lstm(gates: Row, previous: Row, output: Row, next_states: Row) -> None:
    i, f, g, o = sigmoid(gates[0]), sigmoid(gates[1]), tanh(gates[2]), sigmoid(gates[3])
    c = f * previous[1] + i * g
    h = o * tanh(c)
    gates[0], gates[1], gates[2], gates[3] = i, f, g, o
    output[0] = next_states[0] = h
    next_states[1] = c


def _lstm_back(gates: Row, previous: Row, d_states: Row, d_output: Row) -> None:
    i, f, g, o = (gates[k] for k in range(4))
    c_before = previous[1]
    tanh_c = tanh(f * c_before + i * g)  # cheaper than storing it
    d_h = d_states[0] + d_output[0]
    d_c = d_states[1] + d_h * o * (1.0 - tanh_c * tanh_c)
    gates[0] = d_c * g * i * (1.0 - i)
    gates[1] = d_c * c_before * f * (1.0 - f)
    gates[2] = d_c * i * (1.0 - g * g)
    gates[3] = d_h * tanh_c * o * (1.0 - o)
    d_states.clear(0)
    d_states[1] = d_c * f


CELLS = {
    "simple_rnn": CompiledCell(_simple_rnn, _simple_rnn_back, (0,)),
    "gru": CompiledCell(_gru, _gru_back, (2, 0, 1), apart=True),
    "lstm": CompiledCell(_lstm, _lstm_back, (0, 1, 2, 3), states=2),
}
KINDS = tuple(CELLS.values())  # by the number that the loops know them by


def pointwise(computes: Sequence[Compute]) -> Any:
    """Return the intrinsic that runs the one with the number `cell` on rows of one flat array."""

    @intrinsic
    def vector(
        typingctx: Any, cell: Any, memory: Any, gates: Any, previous: Any, third: Any,
        fourth: Any, width: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder)
            base = emit.base(signature.args[1], args[1])
            done = builder.append_basic_block()
            choice = builder.switch(args[0], done)
            for number, compute in enumerate(computes):
                block = builder.append_basic_block()
                choice.add_case(args[0].type(number), block)
                builder.position_at_end(block)
                compute(*(Row(emit, base, at, args[6]) for at in args[2:6]))
                builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        index = types.int64
        return types.void(index, memory, index, index, index, index, index), codegen

    return vector


_step = pointwise([kind.step for kind in KINDS])
_step_back = pointwise([kind.step_back for kind in KINDS])


@inlined
def step(
    cell: int, layer: Any, memory: Any, gates: int, previous: int, output: int, next_states: int,
    next_step: int, first: int, last: int,
) -> None:  # fmt: skip
    """Advance the sequences from `first` to `last` by one step.

    The integers are offsets of rows in `memory`, whose steps are the layer's and `next_step`.
    """
    for b in range(first, last):
        for j in range(0, layer.width, LANES):
            _step(
                cell, memory, gates + b * layer.gates_step + j,
                previous + b * layer.previous_step + j, output + b * layer.output_step + j,
                next_states + b * next_step + j, layer.width,
            )  # fmt: skip


@inlined
def step_back(
    cell: int, layer: Any, memory: Any, gates: int, previous: int, d_states: int, d_output: int,
    count: int,
) -> None:  # fmt: skip
    """Propagate the gradients of `count` sequences back through one step."""
    for b in range(count):
        states = b * layer.previous_step
        for j in range(0, layer.width, LANES):
            _step_back(
                cell, memory, gates + b * layer.gates_step + j, previous + states + j,
                d_states + states + j, d_output + b * layer.d_output_step + j, layer.width,
            )  # fmt: skip
