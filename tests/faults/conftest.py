"""Disks that are full or must not be written; a user's tests and root's use what each may."""

import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

SPACE = 4 << 20  # bytes of the small disk
LEFT = 4 << 10  # bytes that a full disk has left


class Disk(NamedTuple):
    """A folder, what takes its space away, and what gives it back."""

    folder: Path
    fill: Callable[[], None]
    free: Callable[[], None]


def mounted(folder, options):
    """Mount a file system in memory, which only root may do; return whether it was done."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def unmount(folder):
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _small(folder):
    filling = folder / "filling"

    def fill():
        free = os.statvfs(folder)
        filling.write_bytes(bytes(free.f_bavail * free.f_frsize - LEFT))

    return Disk(folder, fill, filling.unlink)


def _limited(folder):
    """A limit of the size of files ends a write as a full disk does, for every user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    return Disk(
        folder,
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LEFT, before[1])),
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before),
    )


@pytest.fixture(params=["full disk", "limit of the size of files"])
def disk(request, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param != "full disk":
        limited = _limited(folder)
        yield limited
        limited.free()
        return
    if not mounted(folder, f"size={SPACE}"):
        pytest.skip("only root may mount a small disk")
    yield _small(folder)
    unmount(folder)


@pytest.fixture
def read_only(tmp_path):
    """A function that makes a new folder one that nobody may write, whoever runs the tests."""
    done: list[Path] = []

    def protect(folder):
        if os.geteuid() == 0:
            if not mounted(folder, "ro"):
                pytest.skip("permissions do not bind root, who may not mount here")
            done.append(folder)
        else:
            folder.mkdir()
            folder.chmod(0o500)

    yield protect
    for folder in done:
        unmount(folder)
