"""Contenders timed in turn, A B C A B C …, so that a slow minute hits all of them alike."""

import argparse
import gc
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numba
import pandas as pd
import torch
from torch import Tensor

from harmodels.files import write_text

Weights = dict[str, Tensor]
Clock = Callable[[], float]

OURS, AUTOGRAD = "compiled loop", "torch.nn, autograd"


class Contender(NamedTuple):
    """One way to do a task.

    `train(items)` starts from the task's weights, works through `items` of them and returns the
    weights of the first network by name. `networks` train at once.
    """

    name: str
    train: Callable[[int], Any]
    networks: int = 1


def use_one_thread() -> None:
    """Give every contender one thread, and flush denormals for all of them."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    if not torch.set_flush_denormal(True):
        raise SystemExit("this processor cannot flush denormals: the timings would not be fair")


def check_agreement(
    name: str, start: Weights, contenders: Sequence[Contender], items: int, tolerance: float
) -> float:
    """Return how far the contenders' weights are apart after a few items, at most.

    The distance is a share of the way that the first contender's weights have come. Above
    `tolerance` the contenders do not do the same work, and the benchmark ends.
    """

    def distance(a: Weights, b: Weights) -> float:
        return sum(float((a[name] - b[name]).square().sum()) for name in a) ** 0.5

    first, *others = contenders
    expected = first.train(items)
    way, largest = distance(expected, start), 0.0
    for contender in others:
        share = distance(expected, contender.train(items)) / way
        if not share <= tolerance:
            raise SystemExit(
                f"{name}: after {items} items {contender.name} is {share:.2g} of the way "
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


def time_in_turn(
    contenders: Sequence[Contender],
    rounds: int,
    seconds: float,
    clock: Clock = time.perf_counter,
    every_round: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Return a row a round and contender, which works for about `seconds` in each.

    Columns are `round`, `contender`, `items`, `seconds_per_item` and `processors`, how many were
    at work on average. `clock` is `time.perf_counter`, or on a shared machine
    `time.process_time`, which does not run while other processes do.
    """
    items = {contender.name: _items_for(contender, seconds, clock) for contender in contenders}
    rows = []
    gc.disable()
    for number in range(rounds):
        every_round()
        for contender in contenders:
            count = items[contender.name]
            elapsed, processors = _timed(contender, count, clock)
            rows.append((number, contender.name, count, elapsed / count, processors))
    gc.enable()
    columns = ["round", "contender", "items", "seconds_per_item", "processors"]
    return pd.DataFrame(rows, columns=columns)


def by_contender(times: pd.DataFrame) -> pd.DataFrame:
    """Return the seconds an item, a row a round and a column a contender."""
    return times.pivot(index="round", columns="contender", values="seconds_per_item")


def ratio_columns(ratio: pd.Series, name: str) -> dict[str, float]:
    """Return median, least and greatest of ratios that were taken within rounds."""
    return {name: ratio.median(), f"{name}_min": ratio.min(), f"{name}_max": ratio.max()}


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame with the same line ends everywhere."""
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def parser_of(
    module: str, description: str | None, seconds: float, cases: Iterable[str]
) -> argparse.ArgumentParser:
    """Return a command line with the options that all timings in turn share."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--case", action="append", choices=cases, help="this one only (repeatable)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds after the warm-up (9)")
    parser.add_argument(
        "--seconds", type=float, default=seconds, help=f"work of a contender in a round ({seconds})"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the results"
    )
    return parser


def parse(parser: argparse.ArgumentParser, short: str, seconds: float) -> argparse.Namespace:
    """Return the arguments; the switch `short` asks for two rounds of that many seconds."""
    given = parser.parse_args()
    if getattr(given, short):
        given.rounds, given.seconds = 2, seconds
    if given.rounds < 1 or given.seconds <= 0:
        parser.error("--rounds must be 1 or more and --seconds above 0")
    return given
