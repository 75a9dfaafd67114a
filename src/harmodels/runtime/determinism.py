"""Settings of torch that make results the same bytes on every run."""

import os


def make_deterministic() -> None:
    """Make torch compute serially inside an operation and flush denormal numbers to zero.

    Parallel reductions would make the bytes of a result depend on the number of threads;
    vanishing gradients are denormal numbers, on which processors are ten times slower.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # determinism on CUDA asks for it
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
