"""Replicates in parallel threads, each in one thread from beginning to end, until Ctrl-C."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

# Multiply-adds of a kernel's call that the main thread may wait for, some tenths of a second.
SHORT = 1e9
# What a row costs a layer beside its multiply-adds, in these.
ROW = 3000


def map_replicates(
    run: Callable[[int, np.ndarray], Result], replicates: int, threads: int, *, work: float,
    kernel: Any,
) -> list[Result]:  # fmt: skip
    """Return `run(r, stop)` for r = 0 … replicates - 1, at most `threads` of them at a time.

    Each runs in one thread from beginning to end and hands `stop` (1,) to `kernel`, which returns
    early once it is not zero: after Ctrl-C or an exception. Python hears Ctrl-C in the main thread
    and between kernels alone, so a replicate of much `work`, in multiply-adds, gets a thread.
    """
    stop = np.zeros(1, np.int64)
    if (threads == 1 or replicates == 1) and work <= SHORT:
        return [run(r, stop) for r in range(replicates)]
    if not kernel.signatures:  # compile it here, where Ctrl-C is heard
        run(0, np.ones(1, np.int64))
    pool = ThreadPoolExecutor(min(threads, replicates), thread_name_prefix="replicate")
    try:
        return list(pool.map(run, range(replicates), [stop] * replicates))
    except BaseException:
        stop[0] = 1
        raise
    finally:
        pool.shutdown(cancel_futures=True)
