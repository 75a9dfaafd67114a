"""The matrix product with free strides, for any number of rows.

As `products`, but a block may have any of 1 to ROWS rows, so that a batch that shrinks wastes
nothing; it starts from given sums; and both operands have free strides, so that the same code
gives A · B and Aᵀ · B. A sum is always taken in the order of k: the result of a row does not
depend on how many rows there are.
"""

from typing import Any, NamedTuple

from numba import int64, types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import LANES, LINE, WIDE, Emitter

# Rows and vectors of the largest block: its sums, a row of vectors and a factor fit the registers.
ROWS, STRIP = (6, 4) if WIDE else (5, 2)
# Columns of a strip: a matrix in panels has these columns of all its rows one after another.
PANEL = STRIP * LANES
# One or two rows alone keep the multiply-add units busy only if they are longer.
FEW_ROWS, LONG_STRIP = 2, 2 * STRIP
# A matrix of so many elements lies in the last cache or in memory. In panels it is read in one
# sequence, which the processor foresees. Otherwise its rows are taken in groups of DEPTH: several
# blocks of rows find a strip in the first-level cache; strips are asked for so many strips before.
FAR, DEPTH, AHEAD = 2**20, 256, 2
# So many sums may lie far away: a block asks for those that the next one begins with.
WIDE_SUMS = 2**16


class View(NamedTuple):
    """A matrix in a flat array."""

    at: int  # offset of its first element
    row: int  # from a row to the next
    column: int  # from a column to the next; of a matrix in panels, from a panel to the next


class Size(NamedTuple):
    """Sizes of a product."""

    rows: int  # of the result
    terms: int  # of each sum
    width: int  # of the result, a multiple of LANES


def _emit_block(
    emit: Emitter, rows: int, vectors: int, far: bool, bases: list[Any], at: list[Any]
) -> None:
    """Emit the product for one size of block; if `far`, ask for what a strip to come will read."""
    builder = emit.builder
    factors, matrix, start, out = bases
    f, f_row, f_step, m, m_step, count, s, s_row, o, o_row = at

    def add(k: Any, sums: list[Any]) -> list[Any]:
        at_k, factor_k = builder.add(m, builder.mul(k, m_step)), builder.mul(k, f_step)
        values = [emit.load(matrix, emit.plus(at_k, LANES * j)) for j in range(vectors)]
        for line in range(0, vectors * LANES, LINE) if far else ():
            emit.prefetch(matrix, emit.plus(at_k, AHEAD * vectors * LANES + line))
        added: list[Any] = []
        for b in range(rows):
            factor = emit.scalar(factors, builder.add(emit.row(f, f_row, b), factor_k))
            for value in values:
                added.append(emit.multiply_add(factor, value, sums[len(added)]))
        return added

    for b in range(rows if far else 0):  # ask for the next block's sums, which may lie far away
        for line in range(0, vectors * LANES, LINE):
            emit.prefetch(start, emit.plus(emit.row(s, s_row, b + rows), line))
    places = [(b, LANES * j) for b in range(rows) for j in range(vectors)]
    before = [emit.load(start, emit.plus(emit.row(s, s_row, b), j)) for b, j in places]
    for (b, j), total in zip(places, emit.sum_over(count, before, add), strict=True):
        emit.store(total, out, emit.plus(emit.row(o, o_row, b), j))


def _any_block(*, far: bool) -> Any:
    """Return the intrinsic that chooses among the blocks of all sizes."""

    @intrinsic
    def block(
        typingctx: Any, rows: Any, vectors: Any, factors: Any, f: Any, f_row: Any, f_step: Any,
        matrix: Any, m: Any, m_step: Any, count: Any, start: Any, s: Any, s_row: Any, out: Any,
        o: Any, o_row: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            # one copy for all callers: a copy in each would make compiling several times as long
            builder.function.attributes.add("noinline")
            emit = Emitter(context, builder)
            bases = [emit.base(signature.args[i], args[i]) for i in (2, 6, 10, 13)]
            at = [args[i] for i in (3, 4, 5, 7, 8, 9, 11, 12, 14, 15)]
            after = builder.append_basic_block("product.done")
            size = builder.add(builder.mul(args[0], emit.index(LONG_STRIP + 1)), args[1])
            choice = builder.switch(size, after)
            for height in range(1, ROWS + 1):
                widths = [*range(1, STRIP + 1), *([LONG_STRIP] if height <= FEW_ROWS else [])]
                for width in widths:
                    case = builder.append_basic_block(f"product.{height}.{width}")
                    choice.add_case(emit.index(height * (LONG_STRIP + 1) + width), case)
                    builder.position_at_end(case)
                    _emit_block(emit, height, width, far, bases, at)
                    builder.branch(after)
            builder.position_at_end(after)
            return context.get_dummy_value()

        index = types.int64
        return types.void(
            index, index, factors, index, index, index, matrix, index, index, index, start, index,
            index, out, index, index,
        ), codegen  # fmt: skip

    return block


_block, _far_block = _any_block(far=False), _any_block(far=True)


@inlined
def _strips(
    far: bool, panel: int, factors: Any, f: int, f_row: int, f_step: int, rows: int,
    matrix: Any, m: int, m_step: int, count: int, width: int,
    start: Any, s: int, s_row: int, out: Any, o: int, o_row: int,
) -> None:  # fmt: skip
    vectors, j = width // LANES, 0
    while vectors > 0:
        long = rows <= FEW_ROWS and vectors >= LONG_STRIP and panel == 1
        strip = LONG_STRIP if long else min(vectors, STRIP)
        at = m + (j if panel == 1 else j // PANEL * panel)
        b = 0
        while b < rows:
            blocks = (rows - b + ROWS - 1) // ROWS
            height = (rows - b + blocks - 1) // blocks
            if far:
                _far_block(
                    height, strip, factors, f + b * f_row, f_row, f_step, matrix, at, m_step,
                    count, start, s + b * s_row + j, s_row, out, o + b * o_row + j, o_row,
                )  # fmt: skip
            else:
                _block(
                    height, strip, factors, f + b * f_row, f_row, f_step, matrix, at, m_step,
                    count, start, s + b * s_row + j, s_row, out, o + b * o_row + j, o_row,
                )  # fmt: skip
            b += height
        vectors -= strip
        j += strip * LANES


@inlined
def product(
    factors: Any, f: View, matrix: Any, m: View, start: Any, s: View, out: Any, o: View, size: Size
) -> None:
    """Multiply two matrices and add a third: out = start + factors · matrix.

    out[b, j] = start[b, j] + Σ_k factors[b, k] · matrix[k, j] for b < size.rows, j < size.width
    and k < size.terms, where each flat array is read through its view. All columns but those of
    `factors` are next to each other; a `matrix` whose columns are not is in panels.
    `start` may be `out` itself, or with a row step of 0 one row for all.
    """
    # numba would compile a copy for every pattern of constants among the arguments
    rows, terms, width = int64(size.rows), int64(size.terms), int64(size.width)
    panel = int64(m.column)
    far = terms * width >= FAR and panel == 1
    depth = min(DEPTH, terms) if far else terms
    _strips(
        far or rows * width > WIDE_SUMS, panel,
        factors, int64(f.at), int64(f.row), int64(f.column), rows,
        matrix, int64(m.at), int64(m.row), depth, width,
        start, int64(s.at), int64(s.row), out, int64(o.at), int64(o.row),
    )  # fmt: skip
    if far:  # the rest is added to what `out` has by then
        for k in range(DEPTH, int(size.terms), DEPTH):
            _strips(
                far, panel,
                factors, int64(f.at + k * f.column), int64(f.row), int64(f.column), rows,
                matrix, int64(m.at + k * m.row), int64(m.row), min(DEPTH, terms - k), width,
                out, int64(o.at), int64(o.row), out, int64(o.at), int64(o.row),
            )  # fmt: skip
