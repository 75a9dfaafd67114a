"""On which device each configuration is trained: decided while a run is planned, without torch.

`device: auto` takes CUDA where it is expected to be faster. The expectation is a prediction by
count of kernels, not a measurement (docs/gpu.md). A small update takes a GPU as long as its kernels
take to start, and a processor as long as its products take to compute.
"""

import ctypes
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harmodels.config.options import OPTIONS, Baseline
from harmodels.errors import ConfigurationError

DEVICE = "HARMODELS_DEVICE"
CUDA = "libcuda.so.1"  # the driver's own library

# Training to the option that says its units, and to how many multiplications of a batch by the
# weights between these units, of all replicates, make CUDA about twice as fast as one core of a
# processor in the prediction. A mini-batch is recorded as a graph and needs fewer. Truncated BPTT
# is missing: it works on one sequence at a time.
GAINS_FROM = {
    "minibatch": ("hidden", 250_000),
    "perceptron": ("hidden1", 1_000_000),
    "recurrent": ("hidden", 1_000_000),
}


def gains_on_cuda(training: str, options: Mapping[str, Any], replicates: int) -> bool:
    """Return whether replicates, trained side by side, are expected to be faster on CUDA.

    >>> gains_on_cuda("recurrent", {"batch_size": 50, "hidden": 128}, 5)
    True
    >>> gains_on_cuda("perceptron", {"batch_size": 1, "hidden1": 300}, 5)
    False
    """
    if training not in GAINS_FROM:
        return False
    units, least = GAINS_FROM[training]
    return bool(options["batch_size"] * options[units] ** 2 * replicates >= least)


def planned_device(device: str) -> str:
    """Return `cpu`, `cuda`, or `auto`: CUDA where it is expected to be faster, which can be used.

    The process that plans a run hands its decision to the jobs in HARMODELS_DEVICE: the node of a
    cluster may have another GPU, or none, and would decide `auto` differently. Raises
    ConfigurationError for an unknown device in it.
    """
    if device != "auto":
        return device
    device = os.environ.get(DEVICE) or ("auto" if cuda_can_be_used() else "cpu")
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigurationError(f"{DEVICE}: {device!r} should be one of 'auto', 'cpu', 'cuda'")
    return device


def device_of(
    planned: str, engine: str, training: str, options: Mapping[str, Any], replicates: int
) -> str:
    """Return where a configuration is trained, `cpu` or `cuda`; baselines know no GPU."""
    if OPTIONS[training] is Baseline:
        return "cpu"
    if planned != "auto":
        return planned
    gains = engine != "compiled" and gains_on_cuda(training, options, replicates)
    return "cuda" if gains else "cpu"


def engine_on(engine: str, device: str) -> str:
    """Return `compiled` or `reference`: what `auto` means on a device.

    Raises ConfigurationError for compiled loops on a GPU.
    """
    if engine == "auto":
        return "compiled" if device == "cpu" else "reference"
    if engine == "compiled" and device == "cuda":
        raise ConfigurationError(
            "engine: compiled runs on the CPU only; choose engine: reference or device: cpu"
        )
    return engine


def cuda_can_be_used() -> bool:
    """Return whether the installed torch is built for CUDA and this process may use a GPU.

    Torch is not imported. The driver is asked, and not the system's files: those of a container
    are the host's.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return False
    built = _cuda_of_torch()
    if built is None:
        return False
    try:
        driver = ctypes.CDLL(CUDA)
    except OSError:
        return False
    newest, devices = ctypes.c_int(), ctypes.c_int()
    return bool(
        driver.cuDriverGetVersion(ctypes.byref(newest)) == 0
        and newest.value // 1000 >= built  # 12080 is CUDA 12.8, and runs any 12
        and driver.cuInit(0) == 0
        and driver.cuDeviceGetCount(ctypes.byref(devices)) == 0
        and devices.value > 0
    )


def _cuda_of_torch() -> int | None:
    """Return the CUDA that the installed torch is built for, 12 of 12.8; None of another build."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return None
    version = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    cuda = re.search(r"^cuda\b[^'\"\n]*['\"](\d+)", version, re.MULTILINE)
    return int(cuda[1]) if cuda else None
