"""Contenders timed in turn, A B C A B C …, so that a slow minute hits all of them alike."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

import numba
import pandas as pd
import torch
from torch import Tensor

from benchmarks.bounds import Work

Weights = dict[str, Tensor]
Clock = Callable[[], float]

OURS, AUTOGRAD = "compiled loop", "torch.nn, autograd"


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a case.

    `train(items)` starts from the case's common weights, works through so many items (sequences,
    batches; the case says which) and returns the weights of the first network by name. `networks`
    train at once.
    """

    name: str
    train: Callable[[int], Weights]
    networks: int = 1


@dataclass(frozen=True)
class Case:
    """What is timed, and who does it; every contender is checked against the first."""

    name: str
    title: str
    start: Weights
    contenders: tuple[Contender, ...]
    work: Work | None = None


def use_one_thread() -> None:
    """Give every contender one thread, and flush denormals for all of them."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    if not torch.set_flush_denormal(True):
        raise SystemExit("this processor cannot flush denormals: the timings would not be fair")


def check_agreement(case: Case, items: int, tolerance: float) -> float:
    """Return how far the contenders' weights are apart after a few items, at most.

    The distance is a share of the way that the first contender's weights have come.

    Raises
    ------
    SystemExit
        If it is above `tolerance`: then the contenders do not do the same work.
    """

    def distance(a: Weights, b: Weights) -> float:
        return sum(float((a[name] - b[name]).square().sum()) for name in a) ** 0.5

    first, *others = case.contenders
    expected = first.train(items)
    way, largest = distance(expected, case.start), 0.0
    for contender in others:
        share = distance(expected, contender.train(items)) / way
        if not share <= tolerance:
            raise SystemExit(
                f"{case.name}: after {items} items {contender.name} is {share:.2g} of the way "
                f"from {first.name}; {tolerance:.2g} is allowed"
            )
        largest = max(largest, share)
    return largest


def _timed(contender: Contender, items: int, clock: Clock) -> tuple[float, float]:
    """Return the seconds that some items take by `clock`, and the processors at work meanwhile."""
    start, wall, worked = clock(), time.perf_counter(), time.process_time()
    contender.train(items)
    wall, worked = time.perf_counter() - wall, time.process_time() - worked
    return clock() - start, worked / wall


def _items_for(contender: Contender, seconds: float, clock: Clock) -> int:
    """Return how many items fill `seconds`; the first calls also warm caches and compilers."""
    items = 1
    while True:
        elapsed, _ = _timed(contender, items, clock)
        if elapsed > seconds / 4:
            return max(1, round(items * seconds / elapsed))
        items *= 4


def time_case(
    case: Case,
    *,
    rounds: int,
    seconds: float,
    clock: Clock = time.perf_counter,
    every_round: Callable[[], None] | None = None,
) -> pd.DataFrame:
    """Return one row a round and contender.

    Parameters
    ----------
    case
        What to time.
    rounds
        Rounds after the warm-up.
    seconds
        How long each contender works in a round, about.
    clock
        `time.perf_counter`, or `time.process_time` on a machine that is shared: the seconds of
        this process's processors, which do not run while others do.
    every_round
        Called at the start of each round, if given.

    Returns
    -------
    times
        Columns `round`, `contender`, `items`, `seconds_per_item` and `processors`: how
        many were at work, on average.
    """
    items = {contender.name: _items_for(contender, seconds, clock) for contender in case.contenders}
    rows = []
    gc.disable()
    for number in range(rounds):
        if every_round:
            every_round()
        for contender in case.contenders:
            count = items[contender.name]
            elapsed, processors = _timed(contender, count, clock)
            rows.append((number, contender.name, count, elapsed / count, processors))
    gc.enable()
    columns = ["round", "contender", "items", "seconds_per_item", "processors"]
    return pd.DataFrame(rows, columns=columns)


def by_contender(times: pd.DataFrame) -> pd.DataFrame:
    """Return the seconds an item, a row a round and a column a contender."""
    return times.pivot(index="round", columns="contender", values="seconds_per_item")
