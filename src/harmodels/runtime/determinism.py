"""Settings of torch that make results the same bytes on every run."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


def make_deterministic() -> None:
    """Make torch compute serially inside an operation and flush denormal numbers to zero.

    Parallel reductions would make the bytes of a result depend on the number of threads;
    vanishing gradients are denormal numbers, on which processors are ten times slower.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # determinism on CUDA asks for it
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    # as use_deterministic_algorithms does, which imports torch's compiler besides: a second a job
    torch.set_deterministic_debug_mode("error")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


class _OfProcess(NamedTuple):
    """Settings that all threads share; new threads begin with `threads`."""

    threads: int
    strict: int
    matmul: bool
    cudnn: bool


_LOCK = threading.Lock()
_found: list[_OfProcess] = []  # by the thread that came first; one entry for each thread inside
_here = threading.local()


@contextmanager
def deterministic_torch() -> Iterator[None]:
    """Run the body deterministically, and give torch back to the caller as it was.

    Threads may enter and leave in any order: the settings of the process come back with the last.
    """
    if getattr(_here, "inside", False):  # a callback that predicts
        yield
        return
    import torch

    smallest = torch.tensor(torch.finfo(torch.float32).smallest_normal)
    flushed = not bool(smallest / 2)  # torch has no other way to ask
    with _LOCK:
        threads = torch.get_num_threads()  # of this thread, which takes it from the process once
        if not _found:
            matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
            now = _OfProcess(threads, torch.get_deterministic_debug_mode(), matmul, cudnn)
        else:
            now = _found[0]
            if threads == 1:  # what this thread took is of a body that is running
                threads = now.threads
        _found.append(now)
        make_deterministic()
    _here.inside = True
    try:
        yield
    finally:
        _here.inside = False
        torch.set_flush_denormal(flushed)
        with _LOCK:
            _found.pop()
            torch.set_num_threads(threads)
            if not _found:
                torch.set_deterministic_debug_mode(now.strict)
                torch.backends.cuda.matmul.allow_tf32 = now.matmul
                torch.backends.cudnn.allow_tf32 = now.cudnn
