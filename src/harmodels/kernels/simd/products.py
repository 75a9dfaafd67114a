"""The matrix products of the loops, blocked in registers.

Plain numba loops keep the running sums of a product in memory. These keep them in vector
registers, as a C program with vector types would, and need no compiler but numba's own.
Everything else in the kernels is plain loops.

A pointer into an array is written as the array and a flat offset, `(array, at)`.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import (
    LANES,
    WIDE,
    ZERO,
    Emitter,
)

# So many sums at once that they and what is added fit the registers.
STRIP = 8 if WIDE else 5
BATCH_ROWS, BATCH_STRIP = 5, 4 if WIDE else 2
PANEL = BATCH_STRIP * LANES  # columns of a strip of `weighted_batch`


def _weighted_rows(*, rows: int, widths: range, phases: int) -> Any:
    """Return the intrinsic for a block of `rows` × `vectors` sums, `vectors` one of `widths`.

    With two phases even and odd k have sums of their own.
    """

    @intrinsic
    def block(
        typingctx: Any, vectors: Any, factors: Any, f: Any, f_stride: Any, matrix: Any, m: Any,
        stride: Any, count: Any, out: Any, o: Any, o_stride: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder)
            factors, matrix, out = (emit.base(signature.args[i], args[i]) for i in (1, 4, 8))
            f, f_stride, m, stride, count, o, o_stride = (args[i] for i in (2, 3, 5, 6, 7, 9, 10))
            starts = [emit.row(f, f_stride, b) for b in range(rows)]
            turns = builder.sdiv(count, emit.index(phases))

            def body(n: int) -> None:
                def add_phases(turn: Any, sums: list[Any]) -> list[Any]:
                    added: list[Any] = []
                    for phase in range(phases):
                        k = emit.plus(builder.mul(turn, emit.index(phases)), phase)
                        at = builder.add(m, builder.mul(k, stride))
                        values = [emit.load(matrix, emit.plus(at, LANES * j)) for j in range(n)]
                        for start in starts:
                            factor = emit.scalar(factors, builder.add(start, k))
                            for value in values:
                                added.append(emit.multiply_add(factor, value, sums[len(added)]))
                    return added

                sums = emit.sum_over(turns, [ZERO] * (phases * rows * n), add_phases)
                for i in range(rows * n):
                    row, total = emit.row(o, o_stride, i // n), sums[i]
                    for phase in range(1, phases):
                        total = builder.fadd(total, sums[phase * rows * n + i])
                    emit.store(total, out, emit.plus(row, LANES * (i % n)))

            emit.for_each_width(args[0], widths, body)
            return context.get_dummy_value()

        index = types.int64
        return types.void(
            index, factors, index, index, matrix, index, index, index, out, index, index
        ), codegen  # fmt: skip

    return block


# a sum waits for its last addition; two sums each keep both multiply-add units busy
_row = _weighted_rows(rows=1, widths=range(1, STRIP + 1), phases=2)
_batch = _weighted_rows(rows=BATCH_ROWS, widths=range(1, BATCH_STRIP + 1), phases=1)
_two_batches = _weighted_rows(rows=2 * BATCH_ROWS, widths=range(1, 2), phases=1)


@inlined
def weighted_rows(
    factors: Any, f: int, matrix: Any, m: int, stride: int, count: int, width: int,
    out: Any, o: int, backwards: bool,
) -> None:  # fmt: skip
    """out[o + j] = Σ_k factors[f + k] · matrix[m + k · stride + j] for j < width.

    `count`, the number of rows k, is even; `width` is a multiple of LANES. `backwards` begins with
    the last columns, which changes no sum: of a matrix that is larger than the first-level cache,
    read forwards and backwards in turn, a part is still there.
    """
    vectors, done = width // LANES, 0
    while done < vectors:
        left = vectors - done
        strip = left - (left - 1) // STRIP * STRIP if backwards else min(left, STRIP)
        first = (left - strip if backwards else done) * LANES
        _row(strip, factors, f, 0, matrix, m + first, stride, count, out, o + first, 0)
        done += strip


@inlined
def weighted_batch(
    factors: Any, f: int, f_stride: int, rows: int, matrix: Any, stride: int, panel: int,
    count: int, width: int, out: Any,
) -> None:  # fmt: skip
    """out[b, j] = Σ_k factors[f + b · f_stride + k] · matrix[k, j].

    b < rows, a multiple of BATCH_ROWS; j < width, a multiple of LANES; k < count. The element
    matrix[k, j] is at (j // PANEL) · panel + k · stride + j % PANEL: row after row with a panel of
    PANEL, or panel after panel as `transpose_to_panels` writes, which is read in one sequence.
    """
    o_stride = out.shape[1]
    for b in range(0, rows, BATCH_ROWS):
        at, o = f + b * f_stride, b * o_stride
        m, vectors = 0, width // LANES
        while vectors > 0:
            strip = min(vectors, BATCH_STRIP)
            # five sums would wait for their last additions: two blocks at once, if there are
            even = b % (2 * BATCH_ROWS) == 0
            if strip == 1 and even and b + BATCH_ROWS < rows:
                _two_batches(1, factors, at, f_stride, matrix, m, stride, count, out, o, o_stride)
            elif strip > 1 or even:
                _batch(strip, factors, at, f_stride, matrix, m, stride, count, out, o, o_stride)
            vectors -= strip
            m += panel
            o += strip * LANES


def _transposed(emit: Emitter, rows: list[Any]) -> list[Any]:
    """Return the columns of a LANES × LANES block, by exchanging ever larger halves."""
    rows = list(rows)
    size = 1
    while size < LANES:
        for i in range(LANES):
            if i & size:
                continue
            low, high = rows[i], rows[i + size]
            rows[i] = emit.shuffle(
                low, high, [k if not k & size else LANES + k - size for k in range(LANES)]
            )
            rows[i + size] = emit.shuffle(
                low, high, [k + size if not k & size else LANES + k for k in range(LANES)]
            )
        size *= 2
    return rows


def _transpose(
    typingctx: Any, source: Any, s: Any, s_stride: Any, out: Any, o: Any, o_stride: Any
) -> Any:
    """Write the transpose of one LANES × LANES block; arrays may be flat."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder)
        source, out = (emit.base(signature.args[i], args[i]) for i in (0, 3))
        block = [emit.load(source, emit.row(args[1], args[2], k)) for k in range(LANES)]
        for k, column in enumerate(_transposed(emit, block)):
            emit.store(column, out, emit.row(args[4], args[5], k))
        return context.get_dummy_value()

    index = types.int64
    return types.void(source, index, index, out, index, index), codegen


transpose_block: Any = intrinsic(_transpose)


@inlined
def transpose(source: Any, rows: int, columns: int, out: Any) -> None:
    """out[j, i] = source[i, j] for i < rows and j < columns, both rounded up to whole LANES."""
    s_stride, o_stride = source.shape[1], out.shape[1]
    for i in range(0, rows, LANES):
        for j in range(0, columns, LANES):
            transpose_block(source, i * s_stride + j, s_stride, out, j * o_stride + i, o_stride)


@inlined
def transpose_to_panels(source: Any, rows: int, columns: int, out: Any) -> None:
    """out[i // PANEL, j, i % PANEL] = source[i, j], rounded up as in `transpose`."""
    s_stride, panel = source.shape[1], out.shape[1] * PANEL
    for i in range(0, rows, LANES):
        o = i // PANEL * panel + i % PANEL
        for j in range(0, columns, LANES):
            transpose_block(source, i * s_stride + j, s_stride, out, o + j * PANEL, PANEL)


def _descend_block(
    typingctx: Any, rows: Any, left: Any, l: Any, l_stride: Any, right: Any, r: Any, r_stride: Any,  # noqa: E741
    steps: Any, weight: Any, w: Any, w_stride: Any, weight_t: Any, t: Any, t_stride: Any,
    clip: Any, rate: Any,
) -> Any:  # fmt: skip
    """`descend` for a block of `rows` rows, one of `_HEIGHTS`, and LANES columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder)
        bases = [emit.base(signature.args[i], args[i]) for i in (1, 4, 8, 11)]
        left, right, weight, weight_t = bases
        l_at, l_stride, r_at, r_stride, steps = (args[i] for i in (2, 3, 5, 6, 7))
        high, low = emit.splat(args[14]), emit.splat(builder.fneg(args[14]))
        step_size = emit.splat(builder.fneg(args[15]))

        def body(n: int) -> None:
            def add_step(step: Any, sums: list[Any]) -> list[Any]:
                value = emit.load(right, builder.add(r_at, builder.mul(step, r_stride)))
                at = builder.add(l_at, builder.mul(step, l_stride))
                factors = [emit.scalar(left, emit.plus(at, i)) for i in range(n)]
                return [emit.multiply_add(a, value, s) for a, s in zip(factors, sums, strict=True)]

            updated = []
            for i, gradient in enumerate(emit.sum_over(steps, [ZERO] * n, add_step)):
                # Comparisons that a NaN fails let it through: divergence must stay visible.
                gradient = emit.select(">", gradient, high, high)
                gradient = emit.select("<", gradient, low, low)
                at = emit.row(args[9], args[10], i)
                updated.append(emit.multiply_add(step_size, gradient, emit.load(weight, at)))
                emit.store(updated[-1], weight, at)
            for k, column in enumerate(_transposed(emit, updated + [ZERO] * (LANES - n))):
                emit.store(column, weight_t, emit.row(args[12], args[13], k))

        emit.for_each_width(args[0], _HEIGHTS, body)
        return context.get_dummy_value()

    index, real = types.int64, types.float32
    return types.void(
        index, left, index, index, right, index, index, index, weight, index, index, weight_t,
        index, index, real, real,
    ), codegen  # fmt: skip


_HEIGHTS = (LANES, LANES // 2, LANES // 4)
_descend: Any = intrinsic(_descend_block)


@inlined
def descend(
    left: Any, right: Any, steps: int, height: int, width: int, weight: Any, weight_t: Any,
    clip: float, rate: float,
) -> None:  # fmt: skip
    """Gradient, clipping and update of a weight matrix and of its transpose, in one pass.

    weight -= rate · clip(Σ_t left[t]ᵀ right[t]) for t < steps, over the first `height` rows
    (rounded up to a quarter of LANES) and `width` columns, a multiple of LANES; the transpose
    goes to `weight_t`. The gradient itself is never written to memory.
    """
    l_stride, r_stride = left.shape[1], right.shape[1]
    w_stride, t_stride = weight.shape[1], weight_t.shape[1]
    for i in range(0, height, LANES):
        rows = LANES
        while rows > LANES // 4 and height - i <= rows // 2:
            rows //= 2
        for j in range(0, width, LANES):
            _descend(
                rows, left, i, l_stride, right, j, r_stride, steps, weight, i * w_stride + j,
                w_stride, weight_t, j * t_stride + i, t_stride, clip, rate,
            )  # fmt: skip
