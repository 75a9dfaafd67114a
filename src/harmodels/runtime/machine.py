"""Descriptions of the machine and of the versions that decide a result."""

import os
import platform
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harmodels import assets

PACKAGES = ("numba", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "torch")

DRIVER = Path("/proc/driver/nvidia/version")


def describe_machine(device: str) -> dict[str, Any]:
    """Return processor and cores; on CUDA the GPU, its driver and torch's CUDA version too."""
    facts: dict[str, Any] = {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            return facts | {"gpu": None}
        properties = torch.cuda.get_device_properties()
        facts["gpu"] = properties.name
        facts["gpu_capability"] = f"{properties.major}.{properties.minor}"
        facts["gpu_memory_mb"] = properties.total_memory // 2**20
        facts["driver"] = _driver()
        facts["cuda"] = torch.version.cuda
    return facts


def describe_versions() -> dict[str, str]:
    """Return the versions of Python, harmodels and the packages that decide a result."""
    versions = {"python": platform.python_version(), "harmodels": assets.version()}
    with suppress(PackageNotFoundError):  # of truncated BPTT on a GPU
        versions["numba-cuda"] = version("numba-cuda")
    return versions | {name: version(name) for name in PACKAGES}


def _driver() -> str | None:
    """Return the version of NVIDIA's driver, which torch does not tell."""
    try:
        found = re.search(r"\b\d+\.\d+(\.\d+)?\b", DRIVER.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found and found[0]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
