"""The table of cases: files as programs write them, and the samples that they hold.

Every reader passes it: Python's (`tests/data/reading/test_cases.py`) and the page's
(`tests/live/test_cases.py`). A module of this folder gives its cases in `CASES`, by name.
"""

import importlib
import pkgutil
from dataclasses import dataclass, field

import numpy as np

from harmodels.data.reading.meaning import Given

CHANNELS = ("acc_x", "acc_y", "acc_z")
UNITS = ("g", "g", "g")
RATE_HZ = 50.0


def samples(count=300, rate_hz=RATE_HZ, seed=0):
    """Return times (count,) in s and accelerations (count, 3) in g of somebody who walks."""
    times = np.arange(count) / rate_hz
    rng = np.random.default_rng(seed)
    steps = np.sin(2 * np.pi * 1.9 * times + np.arange(3)[:, None]).T * [0.3, 0.2, 0.1]
    return times, np.round(np.array([1.0, 0.05, -0.1]) + steps + rng.normal(0, 0.02, (count, 3)), 6)


@dataclass(frozen=True)
class Case:
    """Files, what a user says of them, and what a reader makes of them.

    Either `times` and `values` (in g, from the first sample on), or a pattern of the `error`.
    """

    files: dict[str, bytes]  # one file, or those of a folder
    times: np.ndarray | None = None
    values: np.ndarray | None = None
    error: str | None = None
    says: tuple[str, ...] = ()  # patterns of notes, each found in one of them
    given: Given = field(default_factory=Given)
    channels: tuple[str, ...] = CHANNELS
    units: tuple[str, ...] = UNITS
    sessions: int = 1
    origin: str | None = None  # of the first sample, as str(Recording.origin)
    no_page: str = ""  # why the page does not read it: Parquet, for example
    tolerance: float = 1e-6  # of times in s and values in g


def all_cases() -> dict[str, Case]:
    """Return every case by `module-name`."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        cases = importlib.import_module(f"{__name__}.{module.name}").CASES
        found |= {f"{module.name}-{name}": case for name, case in cases.items()}
    return found
