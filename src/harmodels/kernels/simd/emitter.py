"""Vectors of float32 in registers: the instructions that `products` is written in.

Arrays are C-contiguous float32 and rows start at multiples of `LANES`, so that no load straddles
two cache lines.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import config


def _has_avx512() -> bool:
    if getattr(config, "CPU_NAME", None):
        # NUMBA_CPU_NAME tells numba to compile for another processor than this one
        return "+avx512f" in (getattr(config, "CPU_FEATURES", None) or "")
    return bool(binding.get_host_cpu_features().get("avx512f", False))


# Sixteen lanes and 32 registers with AVX-512; elsewhere eight lanes (one AVX register, two of
# NEON) and half as many sums at once, or the sums would spill to memory.
WIDE = _has_avx512()
LANES = 16 if WIDE else 8
LINE = 16  # floats of a cache line

POINTER, FLOAT, INDEX = ir.PointerType(), ir.FloatType(), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
ZERO = ir.Constant(VECTOR, [0.0] * LANES)
_SPLAT = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)


def padded(width: int) -> int:
    """Return the least multiple of `LANES` that is not below `width`."""
    return -(-width // LANES) * LANES


def odd_lines(width: int) -> int:
    """Return the least odd number of cache lines that holds `width` floats, in floats."""
    return (-(-width // LINE) | 1) * LINE


def zeros(rows: int, columns: int) -> np.ndarray:
    """Return a (rows, columns) float32 array of zeros whose first element starts a cache line."""
    flat = np.zeros(rows * columns + LINE, np.float32)
    start = (-flat.ctypes.data % 64) // 4
    return flat[start : start + rows * columns].reshape(rows, columns)


def declared(builder: Any, name: str, kind: ir.FunctionType) -> Any:
    """Return the function of LLVM's of this name, declared once a module."""
    module = builder.module
    return module.globals.get(name) or ir.Function(module, kind, name)


class Emitter:
    """Shorthand for the instructions of the products."""

    def __init__(self, context: Any, builder: Any) -> None:
        self.context, self.builder = context, builder

    def base(self, array_type: Any, array: Any) -> Any:
        """Return the pointer to an array's first element."""
        return self.context.make_array(array_type)(self.context, self.builder, array).data

    def place(self, base: Any, at: Any, kind: Any = FLOAT) -> Any:
        """Return the pointer to `base[at]`, an array of `kind`."""
        return self.builder.gep(base, [at], source_etype=kind)

    def one(self, base: Any, at: Any, kind: Any = FLOAT) -> Any:
        """Load `base[at]`, an array of `kind`."""
        return self.builder.load(self.place(base, at, kind), typ=kind)

    def scalar(self, base: Any, at: Any) -> Any:
        """Load the float at `base[at]` into every lane."""
        return self.splat(self.one(base, at))

    def splat(self, value: Any) -> Any:
        """Return the vector with `value` in every lane."""
        undefined = ir.Constant(VECTOR, ir.Undefined)
        lane = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(lane, undefined, _SPLAT)

    def load(self, base: Any, at: Any) -> Any:
        """Load the vector that begins at `base[at]`."""
        return self.builder.load(self.place(base, at), align=4, typ=VECTOR)

    def store(self, value: Any, base: Any, at: Any) -> None:
        """Store the vector to `base[at]` and what follows."""
        pointer = self.builder.bitcast(self.place(base, at), VECTOR.as_pointer())
        self.builder.store(value, pointer, align=4)

    def prefetch(self, base: Any, at: Any) -> None:
        """Ask for the cache line of `base[at]`, which need not exist."""
        integer = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [POINTER, *[integer] * 3])
        how = (ir.Constant(integer, v) for v in (0, 3, 1))  # to read, into the nearest cache, data
        function = declared(self.builder, "llvm.prefetch.p0", kind)
        self.builder.call(function, [self.place(base, at), *how])

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return a · b + c, fused where the processor can."""
        kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
        function = declared(self.builder, f"llvm.fmuladd.v{LANES}f32", kind)
        return self.builder.call(function, [a, b, c])

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        """Return these lanes of `a` (0 to LANES - 1) and `b` (LANES and above)."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def select(self, comparison: str, a: Any, b: Any, then: Any) -> Any:
        """`then` in the lanes where `a` compares true with `b`, else `a`."""
        return self.builder.select(self.builder.fcmp_ordered(comparison, a, b), then, a)

    def index(self, value: int) -> Any:
        """Return a constant offset or count."""
        return ir.Constant(INDEX, value)

    def plus(self, at: Any, offset: int) -> Any:
        """Return `at + offset`."""
        return self.builder.add(at, self.index(offset)) if offset else at

    def row(self, at: Any, stride: Any, k: int) -> Any:
        """Return `at + k · stride`, the offset of row k."""
        return self.builder.add(at, self.builder.mul(stride, self.index(k)))

    def for_each_width(self, vectors: Any, widths: Iterable[int], body: Any) -> None:
        """Emit `body(n)` for each n of `widths`, and the test of `vectors` that selects it."""
        for n in widths:
            chosen = self.builder.icmp_signed("==", vectors, self.index(n))
            with self.builder.if_then(chosen, likely=False):
                body(n)

    def sum_over(self, count: Any, starts: Sequence[Any], step: Any) -> list[Any]:
        """Run `step(t, sums) -> sums` for t = 0 … count - 1, the sums in registers."""
        builder = self.builder
        before = builder.block
        head = builder.append_basic_block("sum.head")
        body = builder.append_basic_block("sum.body")
        after = builder.append_basic_block("sum.after")
        builder.branch(head)
        builder.position_at_end(head)
        t = builder.phi(INDEX)
        t.add_incoming(self.index(0), before)
        sums = [builder.phi(VECTOR) for _ in starts]
        for phi, start in zip(sums, starts, strict=True):
            phi.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", t, count), body, after)
        builder.position_at_end(body)
        added = step(t, sums)
        t.add_incoming(builder.add(t, self.index(1)), builder.block)
        for phi, value in zip(sums, added, strict=True):
            phi.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return sums
