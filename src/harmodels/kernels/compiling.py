"""Compiler flags, and a cache that invalidates itself when a kernel's source changes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

# Sums may be reordered and products fused. NaN and infinity keep their meaning: a replicate that
# diverges is recognised by its losses.
FASTMATH = {"contract", "reassoc", "nsz", "arcp"}

inlined: Callable[..., Any] = njit(nogil=True, fastmath=FASTMATH, error_model="numpy")


def source_stamp(folder: Path) -> int:
    """Return a number that changes when any Python file under `folder` changes."""
    sources = sorted(folder.rglob("*.py"))
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).digest()
    return int.from_bytes(digest[:7], "little")


SOURCE_STAMP = source_stamp(Path(__file__).parent)


def entry_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on its first call and keep the result on disk.

    numba looks only at the file of the function that it caches, not at the files of the
    functions compiled into it, and reads what it finds under the function's name. So the name
    ends with the stamp. Where no folder for the cache can be written (read-only source and home),
    every process compiles again.
    """
    function.__qualname__ += f"_{SOURCE_STAMP:x}"
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return njit(nogil=True, error_model="numpy")(function)
