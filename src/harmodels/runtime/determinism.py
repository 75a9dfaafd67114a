"""Settings of torch that make results the same bytes on every run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


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


@contextmanager
def deterministic_torch() -> Iterator[None]:
    """Run the body deterministically, and give torch back to the caller as it was."""
    import torch

    threads = torch.get_num_threads()
    strict = torch.get_deterministic_debug_mode()
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    smallest = torch.tensor(torch.finfo(torch.float32).smallest_normal)
    flushed = not bool(smallest / 2)  # torch has no other way to ask
    make_deterministic()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(flushed)
        torch.set_deterministic_debug_mode(strict)
        torch.backends.cuda.matmul.allow_tf32 = matmul
        torch.backends.cudnn.allow_tf32 = cudnn
