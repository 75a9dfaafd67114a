"""Products that visit only the units that are active: a ReLU leaves about half of them at zero.

Written like `products`, in vector registers; a pointer is an array and a flat offset. The lists
of active rows are int64. What is skipped is zero, so nothing is approximated.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import (
    FLOAT,
    INDEX,
    LANES,
    VECTOR,
    ZERO,
    Emitter,
    declared,
)
from harmodels.kernels.simd.products import STRIP

_INDEX = types.int64
_REAL = types.float32


def row_at(emit: Emitter, rows: Any, at: Any, stride: Any, column: Any) -> Any:
    """Return the flat offset of row `rows[at]`."""
    return emit.builder.add(emit.builder.mul(emit.one(rows, at, INDEX), stride), column)


def _lane_sum(emit: Emitter, vectors: list[Any]) -> Any:
    """Return the sum of all lanes of all vectors."""
    builder = emit.builder
    while len(vectors) > 1:
        pairs = [builder.fadd(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=False)]
        vectors = pairs + vectors[2 * len(pairs) :]
    kind = ir.FunctionType(FLOAT, [FLOAT, VECTOR])
    function = declared(builder, f"llvm.vector.reduce.fadd.v{LANES}f32", kind)
    return builder.call(function, [ir.Constant(FLOAT, 0.0), vectors[0]], fastmath=("reassoc",))


def _gather(
    typingctx: Any, factors: Any, f: Any, rows: Any, r: Any, count: Any, matrix: Any, m: Any,
    stride: Any, vectors: Any, out: Any, o: Any,
) -> Any:  # fmt: skip
    """`gathered_rows` for at most STRIP vectors."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder)
        factors, rows, matrix, out = (emit.base(signature.args[i], args[i]) for i in (0, 2, 5, 9))
        f, r, count, m, stride, vectors, o = (args[i] for i in (1, 3, 4, 6, 7, 8, 10))

        def body(n: int) -> None:
            def add_pair(turn: Any, sums: list[Any]) -> list[Any]:
                added: list[Any] = []
                for phase in range(2):
                    k = emit.plus(builder.mul(turn, emit.index(2)), phase)
                    at = row_at(emit, rows, builder.add(r, k), stride, m)
                    factor = emit.scalar(factors, builder.add(f, k))
                    for j in range(n):
                        value = emit.load(matrix, emit.plus(at, LANES * j))
                        added.append(emit.multiply_add(factor, value, sums[len(added)]))
                return added

            sums = emit.sum_over(builder.sdiv(count, emit.index(2)), [ZERO] * (2 * n), add_pair)
            for j in range(n):
                emit.store(builder.fadd(sums[j], sums[n + j]), out, emit.plus(o, LANES * j))

        emit.for_each_width(vectors, range(1, STRIP + 1), body)
        return context.get_dummy_value()

    return types.void(
        factors, _INDEX, rows, _INDEX, _INDEX, matrix, _INDEX, _INDEX, _INDEX, out, _INDEX
    ), codegen  # fmt: skip


_gathered: Any = intrinsic(_gather)


@inlined
def gathered_rows(
    factors: Any, f: int, rows: Any, r: int, count: int, matrix: Any, width: int,
    out: Any, o: int,
) -> None:  # fmt: skip
    """out[o + j] = Σ_k factors[f + k] · matrix[rows[r + k], j] for j < width.

    `count`, the number of k, is even; `width` is a multiple of LANES.
    """
    vectors, column = width // LANES, 0
    while vectors > 0:
        strip = min(vectors, STRIP)
        _gathered(
            factors, f, rows, r, count, matrix, column, matrix.shape[1], strip, out, o + column
        )
        vectors -= strip
        column += strip * LANES


def _back_and_update_one(*, momentum: bool) -> Any:
    """Return the intrinsic of `back_and_update_one`, at most STRIP vectors of the rows."""

    @intrinsic
    def block(
        typingctx: Any, weight: Any, stride: Any, column: Any, velocity: Any, decay: Any, rows: Any,
        r: Any, values: Any, v: Any, dots: Any, count: Any, right: Any, at: Any, vectors: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder)
            bases = [emit.base(signature.args[i], args[i]) for i in (0, 3, 5, 7, 9, 11)]
            weight, velocity, rows, values, dots, right = bases
            stride, column, decay, r, v, count, at, vectors = (
                args[i] for i in (1, 2, 4, 6, 8, 10, 12, 13)
            )

            def body(n: int) -> None:
                added = [emit.load(right, emit.plus(at, LANES * j)) for j in range(n)]

                def move(k: Any, _: list[Any]) -> list[Any]:
                    w = row_at(emit, rows, builder.add(r, k), stride, column)
                    places = [emit.plus(w, LANES * j) for j in range(n)]
                    row = [emit.load(weight, place) for place in places]
                    terms = [builder.fmul(a, b) for a, b in zip(row, added, strict=True)]
                    total = builder.fadd(emit.one(dots, k), _lane_sum(emit, terms))
                    builder.store(total, emit.place(dots, k))
                    value = emit.scalar(values, builder.add(v, k))
                    for j in range(n):
                        if momentum:
                            before = builder.fmul(emit.splat(decay), emit.load(velocity, places[j]))
                            moved = emit.multiply_add(value, added[j], before)
                            emit.store(moved, velocity, places[j])
                            emit.store(builder.fadd(row[j], moved), weight, places[j])
                        else:
                            moved = emit.multiply_add(value, added[j], row[j])
                            emit.store(moved, weight, places[j])
                    return []

                emit.sum_over(count, [], move)

            emit.for_each_width(vectors, range(1, STRIP + 1), body)
            return context.get_dummy_value()

        return types.void(
            weight, _INDEX, _INDEX, velocity, _REAL, rows, _INDEX, values, _INDEX, dots, _INDEX,
            right, _INDEX, _INDEX,
        ), codegen  # fmt: skip

    return block


_one_plain = _back_and_update_one(momentum=False)
_one_momentum = _back_and_update_one(momentum=True)


@inlined
def back_and_update_one(
    weight: Any, velocity: Any, decay: float, rows: Any, r: int, values: Any, v: int, dots: Any,
    count: int, right: Any, at: int,
) -> None:  # fmt: skip
    """Backward product and update of the rows of weights that one sample uses.

    For k < count and i = rows[r + k]: dots[k] += weight[i] · right[at:]; then
    velocity[i] = decay · velocity[i] + values[v + k] · right[at:] and weight[i] += velocity[i].
    An empty `velocity` means no momentum.
    """
    width = weight.shape[1]
    vectors, column = width // LANES, 0
    while vectors > 0:
        strip = min(vectors, STRIP)
        if len(velocity) > 0:
            _one_momentum(
                weight, width, column, velocity, decay, rows, r, values, v, dots, count,
                right, at + column, strip,
            )  # fmt: skip
        else:
            _one_plain(
                weight, width, column, velocity, decay, rows, r, values, v, dots, count,
                right, at + column, strip,
            )  # fmt: skip
        vectors -= strip
        column += strip * LANES
