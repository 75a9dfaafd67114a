"""Contenders timed in turn, A B C A B C …, so that a slow minute hits all of them alike."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

import numba
import pandas as pd
import torch
from torch import Tensor


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a case.

    `train(items)` starts from the case's common weights, works through so many items
    (sequences, batches; the case says which) and returns the weights by name.
    """

    name: str
    train: Callable[[int], dict[str, Tensor]]


@dataclass(frozen=True)
class Case:
    """What is timed; the ratios are against the first two, autograd and the reference engine."""

    name: str
    title: str
    updates_per_item: int
    products_per_item: int  # multiply-adds of the matrix products, padding not counted
    contenders: tuple[Contender, ...]


def use_one_thread() -> None:
    """Give every contender one thread, and flush denormals for all of them."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    if not torch.set_flush_denormal(True):
        raise SystemExit("this processor cannot flush denormals: the timings would not be fair")


def check_agreement(case: Case, items: int, tolerance: float) -> float:
    """Return the largest difference between the contenders' weights after a few items.

    Raises
    ------
    SystemExit
        If it is above `tolerance`: then the contenders do not do the same work.
    """
    expected = case.contenders[0].train(items)
    largest = 0.0
    for contender in case.contenders[1:]:
        weights = contender.train(items)
        for name, tensor in expected.items():
            difference = float((weights[name] - tensor).abs().max())
            if not difference <= tolerance:
                raise SystemExit(
                    f"{case.name}: {name} of {contender.name} differs by {difference:.2g} from "
                    f"{case.contenders[0].name} after {items} items; {tolerance:.2g} is allowed"
                )
            largest = max(largest, difference)
    return largest


def _timed(contender: Contender, items: int) -> float:
    start = time.perf_counter()
    contender.train(items)
    return time.perf_counter() - start


def _items_for(contender: Contender, seconds: float) -> int:
    """Return how many items fill `seconds`; the first calls also warm caches and compilers."""
    items = 1
    while True:
        elapsed = _timed(contender, items)
        if elapsed > seconds / 4:
            return max(1, round(items * seconds / elapsed))
        items *= 4


def time_case(case: Case, *, rounds: int, seconds: float) -> pd.DataFrame:
    """Return one row a round and contender: `round, contender, items, microseconds_per_update`.

    Parameters
    ----------
    case
        What to time.
    rounds
        Rounds after the warm-up.
    seconds
        How long each contender works in a round, about.
    """
    items = {c.name: _items_for(c, seconds) for c in case.contenders}
    rows = []
    gc.disable()
    for number in range(rounds):
        for contender in case.contenders:
            count = items[contender.name]
            elapsed = _timed(contender, count)
            microseconds = elapsed / (count * case.updates_per_item) * 1e6
            rows.append((number, contender.name, count, microseconds))
    gc.enable()
    columns = ["round", "contender", "items", "microseconds_per_update"]
    return pd.DataFrame(rows, columns=columns)


def summarise(case: Case, times: pd.DataFrame) -> pd.DataFrame:
    """Return one row a contender: median time and, per round, how many times faster.

    A ratio is taken within a round, between contenders that ran next to each other; its median,
    least and greatest value over the rounds are given.
    """
    wide = times.pivot(index="round", columns="contender", values="microseconds_per_update")
    baseline, reference = (contender.name for contender in case.contenders[:2])
    operations = 2 * case.products_per_item / case.updates_per_item
    rows = []
    for contender in case.contenders:
        ratios = wide[baseline] / wide[contender.name]
        rows.append(
            {
                "case": case.name,
                "title": case.title,
                "contender": contender.name,
                "microseconds_per_update": wide[contender.name].median(),
                "gigaflops": operations / wide[contender.name].median() / 1e3,
                "ratio": ratios.median(),
                "ratio_min": ratios.min(),
                "ratio_max": ratios.max(),
                "ratio_to_reference": (wide[reference] / wide[contender.name]).median(),
            }
        )
    return pd.DataFrame(rows)


def matrix_product_gigaflops(size: int = 512, repeats: int = 20) -> float:
    """Return what torch's product of two square matrices reaches here, for comparison."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9
