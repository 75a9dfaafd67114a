"""What the processor allows: the rates that the timings are shares of, on the same thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numba import njit, types
from numba.extending import intrinsic

from harmodels.kernels.simd.emitter import LANES, WIDE, Emitter, zeros

# Sums that fill both multiply-add units several times over and still fit the registers.
SUMS = 24 if WIDE else 12
# Vectors that a turn of the reading loop adds, each to a sum of its own.
READS = 8
# What a share may exceed 1 by: rates and contenders are timed one after the other.
NOISE = 0.1
# What Linux says of a cache.
_DESCRIBED = "type", "level", "size"


class Work(NamedTuple):
    """What an item of a task costs at least."""

    updates: int
    products: float  # multiply-adds of the matrix products, without padding and zeros
    weights: int  # elements of the weights that every step reads
    reads: float  # times that the item's steps read all of them


@intrinsic
def _multiply_adds(typingctx: Any, array: Any, turns: Any) -> Any:
    """Run `turns` of SUMS multiply-adds, sum · factor + addend, all in registers.

    `array` holds factor, addend and the sums, a vector each; the sums are written back.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder)
        base = emit.base(signature.args[0], args[0])
        factor, addend, *starts = (emit.load(base, emit.index(LANES * j)) for j in range(2 + SUMS))

        def step(_: Any, sums: list[Any]) -> list[Any]:
            return [emit.multiply_add(each, factor, addend) for each in sums]

        for j, each in enumerate(emit.sum_over(args[1], starts, step)):
            emit.store(each, base, emit.index(LANES * (2 + j)))
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@intrinsic
def _reads(typingctx: Any, array: Any, turns: Any, times: Any, sums: Any) -> Any:
    """Add `times` times the first `turns` · READS vectors of `array` to READS `sums`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder)
        base, out = emit.base(signature.args[0], args[0]), emit.base(signature.args[3], args[3])
        places = [emit.index(LANES * j) for j in range(READS)]

        def add(turn: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(turn, emit.index(LANES * READS))
            values = [emit.load(base, builder.add(at, place)) for place in places]
            return [builder.fadd(*pair) for pair in zip(sums, values, strict=True)]

        def again(_: Any, sums: list[Any]) -> list[Any]:
            return emit.sum_over(args[1], sums, add)

        before = [emit.load(out, place) for place in places]
        for place, each in zip(places, emit.sum_over(args[2], before, again), strict=True):
            emit.store(each, out, place)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, sums), codegen


@njit(nogil=True)
def multiply_add(array: np.ndarray, turns: int) -> None:
    """Compute `turns` times sum · array[0] + array[1] of each sum, the SUMS rows of `array` behind.

    `array` is (2 + SUMS, LANES), float32.
    """
    _multiply_adds(array, turns)


@njit(nogil=True)
def read(array: np.ndarray, times: int, sums: np.ndarray) -> None:
    """Add all vectors of `array`, `times` times, to `sums` (READS, LANES).

    The vectors of `array`, (n, LANES), are whole turns: n is a multiple of READS.
    """
    _reads(array, len(array) // READS, times, sums)


def multiply_adds_gigaflops(clock: Callable[[], float], turns: int = 2**16) -> float:
    """Return the GFLOP/s of multiply-adds that wait for no memory and not for each other."""
    array = zeros(2 + SUMS, LANES)
    multiply_add(array, 1)
    start = clock()
    multiply_add(array, turns)
    return 2 * LANES * SUMS * turns / (clock() - start) / 1e9


def read_gigabytes(size: int, clock: Callable[[], float]) -> float:
    """Return the GB/s at which the thread reads about `size` floats, wherever they are kept."""
    turns = max(1, round(size / (READS * LANES)))
    array, sums = zeros(turns * READS, LANES), zeros(READS, LANES)
    array[:] = 1  # pages that nobody wrote to would all be one page of zeros
    times = max(1, 2**22 // array.size)
    read(array, 1, sums)
    start = clock()
    read(array, times, sums)
    return 4 * array.size * times / (clock() - start) / 1e9


def product_gigaflops(clock: Callable[[], float], size: int = 512) -> float:
    """Return the GFLOP/s of torch's product of two square matrices."""
    a = torch.ones(size, size)
    start = clock()
    torch.mm(a, a)
    return 2 * size**3 / (clock() - start) / 1e9


def cache_sizes() -> dict[str, int]:
    """Return the bytes of a processor's data caches by level, where Linux tells them."""
    sizes = {}
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = (
            (cache / name).read_text(encoding="utf-8").strip() for name in _DESCRIBED
        )
        if kind != "Instruction":
            sizes[f"L{level}"] = 1024 * int(size.rstrip("K"))
    return sizes


def bandwidths(clock: Callable[[], float]) -> dict[str, float]:
    """Return the GB/s at which the thread reads half of each cache, and what exceeds them all."""
    sizes = cache_sizes()
    floats = {level: size // 8 for level, size in sizes.items()}
    floats["memory"] = max([2**24, *sizes.values()])  # four times the bytes of the last cache
    return {
        level: max(read_gigabytes(size, clock) for _ in range(5)) for level, size in floats.items()
    }


@dataclass
class Meter:
    """Takes the rates that bound a case in every round, beside the contenders."""

    work: Work
    clock: Callable[[], float] = time.perf_counter
    multiply_adds: list[float] = field(default_factory=list)
    products: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        """Measure all once more: the best of five, as short as they are."""
        self.multiply_adds.append(max(multiply_adds_gigaflops(self.clock) for _ in range(5)))
        self.products.append(max(product_gigaflops(self.clock) for _ in range(5)))
        self.reads.append(max(read_gigabytes(self.work.weights, self.clock) for _ in range(5)))

    def shares(self, seconds_per_item: np.ndarray) -> dict[str, Any]:
        """Return the shares that a contender reaches, medians over the rounds.

        The bound of an item is the time of its multiply-adds at the best rate of all rounds or, if
        that is longer, of reading its weights as often as its steps must.
        """
        arithmetic = 2e-9 * self.work.products / max(self.multiply_adds)
        reading = 4e-9 * self.work.weights * self.work.reads / max(self.reads)
        gigaflops = 2e-9 * self.work.products / seconds_per_item
        return {
            "gigaflops": float(np.median(gigaflops)),
            "of_bound": float(np.median(max(arithmetic, reading) / seconds_per_item)),
            "bound_by": "reads" if reading > arithmetic else "multiply-adds",
            "of_product": float(np.median(gigaflops / np.array(self.products))),
        }


def check_bounds(summary: pd.DataFrame) -> None:
    """End the benchmark if a contender took less time than its bound, beyond noise."""
    for row in summary[summary["of_bound"] > 1 + NOISE].itertuples():
        raise SystemExit(
            f"{row.title}: {row.contender} reaches {row.of_bound:.0%} of its bound, so it is none. "
            "Either the machine was busy while the rates were measured (run it again with "
            "--clock processor), or the Work of the case in benchmarks/cases.py counts more than "
            "it takes."
        )
