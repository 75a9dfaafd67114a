"""Checks that a job can run on its device and engine, with the remedy where it cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harmodels.errors import TrainingError


@contextmanager
def use_device(device: str) -> Iterator[None]:
    """Run the body of a job on `cpu` or `cuda`.

    Raises TrainingError if torch sees no GPU where one is asked for, or its memory is too small.
    """
    if device == "cuda" and not torch.cuda.is_available():
        build = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        raise TrainingError(
            f"device cuda: torch {torch.__version__} {build} and sees no GPU; install a torch "
            "built for CUDA, look at the driver (nvidia-smi), or train on the processor: "
            "`--config device=cpu`"
        )
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"the GPU has too little memory: {error}. Let one job use it at a time "
            "(`--resources gpu=1`), lower `replicates` or the batch size, or train on the "
            "processor: `--config device=cpu`"
        ) from error


def check_engine(engine: str) -> None:
    """Refuse compiled loops where numba was told not to compile."""
    if engine != "compiled":
        return
    from numba.core import config  # here: a job of the reference engine needs no compiler

    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise TrainingError(
            "engine compiled: NUMBA_DISABLE_JIT is set, so nothing can be compiled; unset it, or "
            "train with the readable loops: `--config engine=reference`"
        )
