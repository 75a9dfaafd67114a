"""Several updates of a weight matrix in one pass over it.

Written like `products`, in vector registers; a pointer is an array and a flat offset.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import INDEX, LANES, WIDE, Emitter
from harmodels.kernels.simd.sparse import row_at

# Vectors of a long row that `apply_rank1_updates` keeps in registers, and the smaller sizes for the
# rest of the row; with momentum there are two sums for each.
PLAIN_STRIPS = (12, 4, 1) if WIDE else (6, 2, 1)
MOMENTUM_STRIPS = (9, 3, 1) if WIDE else (4, 2, 1)
# Rows that it prefetches: a strip of a row is too short for the processor to foresee the next.
AHEAD = 3

_INDEX, _REAL = types.int64, types.float32


def _rank1_updates(*, momentum: bool) -> Any:
    """Return the intrinsic of `apply_rank1_updates`, for a strip of a row."""

    @intrinsic
    def block(
        typingctx: Any, weight: Any, w: Any, velocity: Any, momentum_sum: Any, decay: Any,
        samples: Any, values: Any, at: Any, count: Any, shares: Any, right: Any, r_stride: Any,
        column: Any, vectors: Any, ahead: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder)
            bases = [emit.base(signature.args[i], args[i]) for i in (0, 2, 5, 6, 9, 10)]
            weight, velocity, samples, values, shares, right = bases
            w, momentum_sum, decay, at, count, r_stride, column, vectors, ahead = (
                args[i] for i in (1, 3, 4, 7, 8, 11, 12, 13, 14)
            )

            def body(n: int) -> None:
                places = [emit.plus(w, LANES * j) for j in range(n)]
                for base in (weight, velocity) if momentum else (weight,):
                    for place in places:
                        emit.prefetch(base, builder.add(place, ahead))
                starts = [emit.load(weight, place) for place in places]
                if momentum:
                    before = [emit.load(velocity, place) for place in places]
                    carried, kept = emit.splat(momentum_sum), emit.splat(decay)
                    starts = [
                        emit.multiply_add(carried, b, a)
                        for a, b in zip(starts, before, strict=True)
                    ] + [builder.fmul(kept, b) for b in before]

                def add(k: Any, sums: list[Any]) -> list[Any]:
                    place = builder.add(at, k)
                    start = row_at(emit, samples, place, r_stride, column)
                    row = [emit.load(right, emit.plus(start, LANES * j)) for j in range(n)]
                    factors = [emit.scalar(values, place)] * n
                    if momentum:
                        pair = builder.mul(emit.one(samples, place, INDEX), emit.index(2))
                        factors = [
                            builder.fmul(factors[0], emit.scalar(shares, emit.plus(pair, i)))
                            for i in (0, 1)
                            for _ in range(n)
                        ]
                        row = row * 2
                    return [
                        emit.multiply_add(f, a, s)
                        for f, a, s in zip(factors, row, sums, strict=True)
                    ]

                sums = emit.sum_over(count, starts, add)
                for total, place in zip(sums[:n], places, strict=True):
                    emit.store(total, weight, place)
                for total, place in zip(sums[n:], places if momentum else [], strict=True):
                    emit.store(total, velocity, place)

            emit.for_each_width(vectors, MOMENTUM_STRIPS if momentum else PLAIN_STRIPS, body)
            return context.get_dummy_value()

        return types.void(
            weight, _INDEX, velocity, _REAL, _REAL, samples, values, _INDEX, _INDEX, shares, right,
            _INDEX, _INDEX, _INDEX, _INDEX,
        ), codegen  # fmt: skip

    return block


_rank1_plain = _rank1_updates(momentum=False)
_rank1_momentum = _rank1_updates(momentum=True)


@inlined
def apply_rank1_updates(
    weight: Any, velocity: Any, height: int, momentum_sum: float, decay: float, samples: Any,
    values: Any, stride: int, counts: Any, shares: Any, right: Any,
) -> None:  # fmt: skip
    """Several updates of a weight matrix in one pass.

    For each row i < height, over its list k from i · stride to i · stride + counts[i],
    with s = samples[k],
    weight[i] += momentum_sum · velocity[i] + Σ_k values[k] · shares[s, 0] · right[s] and
    velocity[i] = decay · velocity[i] + Σ_k values[k] · shares[s, 1] · right[s].
    An empty `velocity` means no momentum; then the shares are taken as 1.
    """
    width = weight.shape[1]
    long, middle, short = MOMENTUM_STRIPS if len(velocity) > 0 else PLAIN_STRIPS
    vectors, column = width // LANES, 0
    while vectors > 0:
        strip = long if vectors >= long else (middle if vectors >= middle else short)
        # a strip of all samples stays in the first-level cache while the rows pass by
        for i in range(height):
            if len(velocity) > 0:
                _rank1_momentum(
                    weight, i * width + column, velocity, momentum_sum, decay, samples, values,
                    i * stride, counts[i], shares, right, right.shape[1], column, strip,
                    AHEAD * width,
                )  # fmt: skip
            elif counts[i] > 0:
                _rank1_plain(
                    weight, i * width + column, velocity, momentum_sum, decay, samples, values,
                    i * stride, counts[i], shares, right, right.shape[1], column, strip,
                    AHEAD * width,
                )  # fmt: skip
        vectors -= strip
        column += strip * LANES
