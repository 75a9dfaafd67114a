"""Checks that a job can run on its device and engine, with the remedy where it cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harmodels.errors import TrainingError
from harmodels.runtime.memory import GPU_TEXTS

ON_PROCESSOR = 'train on the processor: `--config device=cpu`, of an estimator `device="cpu"`'
MEMORY = (
    "the GPU has too little memory left: {error}. Another process may hold some of it "
    "(nvidia-smi); let one job use it at a time (`--resources gpu=1`), lower `replicates` or the "
    f"batch size, or {ON_PROCESSOR}"
)
REMEDIES = {
    **dict.fromkeys(GPU_TEXTS, MEMORY),
    "busy or unavailable": (
        "the GPU is taken: {error}. Another process has it to itself (nvidia-smi shows which, and "
        "whether the mode is exclusive); wait for it, let one job use it at a time (`--resources "
        f"gpu=1`), or {ON_PROCESSOR}"
    ),
    "no kernel image": (
        f"torch {torch.__version__} has no code for this GPU: {{error}}. Install a build of torch "
        f"for its compute capability, or {ON_PROCESSOR}"
    ),
    "invalid device ordinal": (
        "there is no such GPU: {error}. They are numbered from cuda:0, as nvidia-smi lists them "
        f"and CUDA_VISIBLE_DEVICES leaves them; choose another one, or {ON_PROCESSOR}"
    ),
}


@contextmanager
def use_device(device: str) -> Iterator[None]:
    """Run the body of a job on `cpu`, `cuda` or one of several GPUs, as `cuda:1`.

    Raises TrainingError if torch sees no GPU where one is asked for, or one that is full, taken or
    too old.
    """
    if is_cuda(device) and not torch.cuda.is_available():
        build = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        raise TrainingError(
            f"device {device}: torch {torch.__version__} {build} and sees no GPU; install a torch "
            f"built for CUDA, look at the driver (nvidia-smi), or {ON_PROCESSOR}"
        )
    try:
        yield
    except RuntimeError as error:
        remedy = remedy_of(error)
        if remedy is None:
            raise
        raise TrainingError(remedy) from error


def is_cuda(device: str) -> bool:
    """Return whether a name of torch's means an NVIDIA GPU."""
    return device.partition(":")[0] == "cuda"


def remedy_of(error: Exception) -> str | None:
    """Return what an error of a GPU means and what to do; None of any other error."""
    first = (str(error).splitlines() or [""])[0]  # torch adds advice for programmers
    if isinstance(error, torch.OutOfMemoryError):
        return MEMORY.format(error=first)
    known = (remedy for text, remedy in REMEDIES.items() if text in first)
    return next((remedy.format(error=first) for remedy in known), None)


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
