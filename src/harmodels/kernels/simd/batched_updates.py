"""Several updates of a weight matrix in one pass over it.

Written like `products`, in vector registers; a pointer is an array and a flat offset.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from harmodels.kernels.compiling import inlined
from harmodels.kernels.simd.emitter import LANES, WIDE, Emitter
from harmodels.kernels.simd.sparse import for_each_width, row_at

# Vectors of a long row that `absorb` keeps in registers, and what a remainder is taken in; with
# momentum there are two sums for each.
PLAIN_STRIPS = (12, 4, 1) if WIDE else (6, 2, 1)
MOMENTUM_STRIPS = (9, 3, 1) if WIDE else (4, 2, 1)
# Rows that `absorb` asks for ahead: a strip of a row is too short for the processor to foresee.
AHEAD = 3

_INDEX, _REAL = types.int64, types.float32


def _absorb(*, momentum: bool) -> Any:
    """Return the intrinsic of `absorb`, for a strip of a row."""

    @intrinsic
    def block(
        typingctx: Any, weight: Any, w: Any, step: Any, carry: Any, decay: Any, samples: Any,
        values: Any, at: Any, count: Any, shares: Any, right: Any, r_stride: Any, column: Any,
        vectors: Any, ahead: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder)
            bases = [emit.base(signature.args[i], args[i]) for i in (0, 2, 5, 6, 9, 10)]
            weight, step, samples, values, shares, right = bases
            w, carry, decay, at, count, r_stride, column, vectors, ahead = (
                args[i] for i in (1, 3, 4, 7, 8, 11, 12, 13, 14)
            )

            def body(n: int) -> None:
                places = [emit.plus(w, LANES * j) for j in range(n)]
                for base in (weight, step) if momentum else (weight,):
                    for place in places:
                        emit.prefetch(base, builder.add(place, ahead))
                starts = [emit.load(weight, place) for place in places]
                if momentum:
                    before = [emit.load(step, place) for place in places]
                    carried, kept = emit.splat(carry), emit.splat(decay)
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
                        sample = builder.load(builder.gep(samples, [place]))
                        pair = builder.mul(sample, emit.index(2))
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
                    emit.store(total, step, place)

            for_each_width(emit, vectors, MOMENTUM_STRIPS if momentum else PLAIN_STRIPS, body)
            return context.get_dummy_value()

        return types.void(
            weight, _INDEX, step, _REAL, _REAL, samples, values, _INDEX, _INDEX, shares, right,
            _INDEX, _INDEX, _INDEX, _INDEX,
        ), codegen  # fmt: skip

    return block


_absorb_plain = _absorb(momentum=False)
_absorb_momentum = _absorb(momentum=True)


@inlined
def absorb(
    weight: Any, step: Any, height: int, carry: float, decay: float, samples: Any, values: Any,
    stride: int, counts: Any, shares: Any, right: Any,
) -> None:  # fmt: skip
    """Several updates of a weight matrix in one pass.

    For each row i < height, over its list k from i · stride to i · stride + counts[i],
    weight[i] += carry · step[i] + Σ_k values[k] · shares[samples[k], 0] · right[samples[k]] and
    step[i] = decay · step[i] + Σ_k values[k] · shares[samples[k], 1] · right[samples[k]].
    An empty `step` stands for no momentum; then the shares are taken as 1.
    """
    width = weight.shape[1]
    long, middle, short = MOMENTUM_STRIPS if len(step) > 0 else PLAIN_STRIPS
    vectors, column = width // LANES, 0
    while vectors > 0:
        strip = long if vectors >= long else (middle if vectors >= middle else short)
        # a strip of all samples stays in the first-level cache while the rows pass by
        for i in range(height):
            if len(step) > 0:
                _absorb_momentum(
                    weight, i * width + column, step, carry, decay, samples, values, i * stride,
                    counts[i], shares, right, right.shape[1], column, strip,
                    AHEAD * width,
                )  # fmt: skip
            elif counts[i] > 0:
                _absorb_plain(
                    weight, i * width + column, step, carry, decay, samples, values, i * stride,
                    counts[i], shares, right, right.shape[1], column, strip,
                    AHEAD * width,
                )  # fmt: skip
        vectors -= strip
        column += strip * LANES
