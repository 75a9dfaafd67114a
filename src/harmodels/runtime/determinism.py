"""Settings of torch that make results the same bytes on every run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

Strictness = Literal["error", "warn"]


def make_deterministic(strictness: Strictness = "error") -> None:
    """Make torch compute serially inside an operation and flush denormal numbers to zero.

    Parallel reductions would make the bytes of a result depend on the number of threads;
    vanishing gradients are denormal numbers, on which processors are ten times slower. Products
    are of float32, without TF32 or bfloat16. `strictness` is what becomes of an operation that
    cannot be deterministic.
    """
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    # as use_deterministic_algorithms does, which imports torch's compiler besides: a second a job
    torch.set_deterministic_debug_mode(strictness)
    _set_filled(False)  # it would be one more kernel for each new tensor
    _exact_products()


def _set_filled(filled: bool) -> bool:
    """Say whether torch fills new memory when it is deterministic; return what was so far."""
    import torch

    settings: Any = torch.utils.deterministic  # a module with a property, which mypy does not see
    before: bool = settings.fill_uninitialized_memory
    settings.fill_uninitialized_memory = filled
    return before


def _exact_products() -> Callable[[], None]:
    """Let products be of float32, and return a function that lets them be as they were."""
    import torch

    if not hasattr(torch.backends, "fp32_precision"):  # before torch 2.9
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        return lambda: torch.set_float32_matmul_precision(before)
    # The names of before 2.9 raise once a user has set one of these. What a module does not have
    # of its own it takes from the one behind it; "none" leaves it so.
    backends: Any = torch.backends
    places = (backends.cuda.matmul, backends.cudnn), (backends.mkldnn.matmul, backends.mkldnn)
    kept = [
        (module, "none" if module.fp32_precision == other.fp32_precision else module.fp32_precision)
        for module, other in places
    ]
    for module, _ in kept:
        module.fp32_precision = "ieee"

    def restore() -> None:
        for module, precision in kept:
            module.fp32_precision = precision

    return restore


class _OfProcess(NamedTuple):
    """Settings that all threads share; new threads begin with `threads`."""

    threads: int
    strictness: int
    filled: bool
    restore_products: Callable[[], None]


_LOCK = threading.Lock()
_found: list[_OfProcess] = []  # by the thread that came first; one entry for each thread inside
_here = threading.local()


@contextmanager
def deterministic_torch(device: str = "cpu") -> Iterator[None]:
    """Run the body deterministically, and give torch back to the caller as it was.

    Threads may enter and leave in any order: the settings of the process come back with the last.
    On a GPU torch warns where it would raise an error: whoever multiplied matrices on it before
    harmodels was imported made torch read CUBLAS_WORKSPACE_CONFIG too early.
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
            now = _OfProcess(
                threads,
                torch.get_deterministic_debug_mode(),
                _set_filled(False),
                _exact_products(),
            )
        else:
            now = _found[0]
            if threads == 1:  # what this thread took is of a body that is running
                threads = now.threads
        _found.append(now)
        make_deterministic("error" if device == "cpu" else "warn")
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
                torch.set_deterministic_debug_mode(now.strictness)
                _set_filled(now.filled)
                now.restore_products()
