"""Replicates in parallel threads, each in one thread from beginning to end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def map_replicates(run: Callable[[int], Result], replicates: int, threads: int) -> list[Result]:
    """Return `run(r)` for r = 0 … replicates - 1, at most `threads` of them at a time.

    Each runs in one thread from beginning to end. After an exception or Ctrl-C no further one
    starts.
    """
    if threads == 1 or replicates == 1:
        return [run(r) for r in range(replicates)]
    pool = ThreadPoolExecutor(min(threads, replicates), thread_name_prefix="replicate")
    try:
        return list(pool.map(run, range(replicates)))
    finally:
        pool.shutdown(cancel_futures=True)
