"""What the processor allows: the rates that the timings are shares of, on the same thread."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit


class Work(NamedTuple):
    """What an item of a task costs at least."""

    updates: int
    products: int  # multiply-adds of the matrix products, padding not counted
    weights: int  # elements of the weights that every step reads
    reads: int  # times that the item's steps read all of them


def first_level_cache() -> int:
    """Return the bytes of a processor's first-level data cache; 32 KiB where it is not told."""
    try:
        return os.sysconf("SC_LEVEL1_DCACHE_SIZE") or 2**15
    except (ValueError, OSError):
        return 2**15


@njit(nogil=True, fastmath=True)
def _read(array: np.ndarray, times: int) -> np.float32:
    """Read all of an array, in order and again; the sum keeps the compiler from leaving it out."""
    total = np.float32(0)
    for _ in range(times):
        for k in range(len(array)):
            total += array[k]
        array[0] = total  # so that the rounds are not taken together
    return total


def read_gigabytes(size: int, clock: Callable[[], float]) -> float:
    """Return the GB/s at which the thread reads `size` floats, wherever they are kept."""
    array, times = np.zeros(size, np.float32), max(1, 2**21 // size)
    _read(array, 1)
    start = clock()
    _read(array, times)
    return 4 * size * times / (clock() - start) / 1e9


def product_gigaflops(clock: Callable[[], float], size: int = 512) -> float:
    """Return the GFLOP/s of torch's product of two square matrices."""
    a = torch.ones(size, size)
    start = clock()
    torch.mm(a, a)
    return 2 * size**3 / (clock() - start) / 1e9


@dataclass
class Meter:
    """Takes the bounds of a case in every round, beside the contenders."""

    work: Work
    clock: Callable[[], float] = time.perf_counter
    products: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        """Measure both once more: the best of five, as short as they are."""
        self.products.append(max(product_gigaflops(self.clock) for _ in range(5)))
        self.reads.append(max(read_gigabytes(self.work.weights, self.clock) for _ in range(5)))

    def shares(self, seconds_per_item: np.ndarray) -> dict[str, Any]:
        """Return the shares that a contender reaches; none of bandwidth if the cache has all."""
        flops = 2 * self.work.products / seconds_per_item / 1e9
        read = 4 * self.work.weights * self.work.reads / seconds_per_item / 1e9
        fits = 4 * self.work.weights <= first_level_cache()
        return {
            "gigaflops": float(np.median(flops)),
            "of_product": float(np.median(flops / np.array(self.products))),
            "of_bandwidth": None if fits else float(np.median(read / np.array(self.reads))),
        }
