"""Arithmetic on vectors in registers that reads as equations.

The compiler's own vectoriser gives up where many rows might overlap in memory; here nothing is
left to its judgement.
"""

from typing import Any

from llvmlite import ir

from harmodels.kernels.simd.elementary import TANH_BOUND, TANH_EVEN, TANH_ODD
from harmodels.kernels.simd.emitter import (
    LANES,
    VECTOR,
    ZERO,
    Emitter,
)

# A product and the sum that takes it may become one instruction.
_FUSE = ("contract",)


class Lanes:
    """A vector in a register, with the operators of numbers."""

    def __init__(self, emit: Emitter, value: Any) -> None:
        self.emit, self.value = emit, value

    def _other(self, other: "Lanes | float") -> Any:
        if isinstance(other, Lanes):
            return other.value
        return ir.Constant(VECTOR, [float(other)] * LANES)

    def __add__(self, other: "Lanes | float") -> "Lanes":
        added = self.emit.builder.fadd(self.value, self._other(other), flags=_FUSE)
        return Lanes(self.emit, added)

    def __sub__(self, other: "Lanes | float") -> "Lanes":
        left = self.emit.builder.fsub(self.value, self._other(other), flags=_FUSE)
        return Lanes(self.emit, left)

    def __rsub__(self, other: float) -> "Lanes":
        return Lanes(self.emit, self._other(other)) - self

    def __mul__(self, other: "Lanes | float") -> "Lanes":
        multiplied = self.emit.builder.fmul(self.value, self._other(other), flags=_FUSE)
        return Lanes(self.emit, multiplied)

    def __truediv__(self, other: "Lanes") -> "Lanes":
        return Lanes(self.emit, self.emit.builder.fdiv(self.value, other.value))

    def maximum(self, other: "Lanes") -> "Lanes":
        """Return the greater of each lane; NaN in this vector passes."""
        return Lanes(self.emit, self.emit.select("<=", self.value, other.value, other.value))

    def where_equal(self, a: "Lanes", b: "Lanes", otherwise: "Lanes | float") -> "Lanes":
        """Return this vector in the lanes where `a` equals `b`, `otherwise` in the others."""
        equal = self.emit.builder.fcmp_ordered("==", a.value, b.value)
        chosen = self.emit.builder.select(equal, self.value, self._other(otherwise))
        return Lanes(self.emit, chosen)

    def limited(self, bound: float) -> "Lanes":
        """Limit to [-bound, bound]; NaN gives NaN."""
        high, low = self._other(bound), self._other(-bound)
        value = self.emit.select(">", self.value, high, high)
        return Lanes(self.emit, self.emit.select("<", value, low, low))


class Row:
    """A row of blocks, `width` floats each: `row[k]` reads and writes the vector of block k."""

    def __init__(self, emit: Emitter, base: Any, at: Any, width: Any) -> None:
        self.emit, self.base, self.at, self.width = emit, base, at, width

    def _place(self, block: int) -> Any:
        builder = self.emit.builder
        return builder.add(self.at, builder.mul(self.width, self.emit.index(block)))

    def __getitem__(self, block: int) -> Lanes:
        return Lanes(self.emit, self.emit.load(self.base, self._place(block)))

    def __setitem__(self, block: int, value: Lanes) -> None:
        self.emit.store(value.value, self.base, self._place(block))

    def clear(self, block: int) -> None:
        """Write zeros."""
        self.emit.store(ZERO, self.base, self._place(block))


def _polynomial(x: Lanes, coefficients: tuple[Any, ...]) -> Lanes:
    total = x * float(coefficients[0]) + float(coefficients[1])
    for coefficient in coefficients[2:]:
        total = total * x + float(coefficient)
    return total


def tanh(x: Lanes) -> Lanes:
    """Return `elementary.tanh` of every lane."""
    x = x.limited(float(TANH_BOUND))
    square = x * x
    return x * _polynomial(square, TANH_ODD) / _polynomial(square, TANH_EVEN)


def sigmoid(x: Lanes) -> Lanes:
    """Return 1 / (1 + exp(-x)), as tanh."""
    return tanh(x * 0.5) * 0.5 + 0.5
