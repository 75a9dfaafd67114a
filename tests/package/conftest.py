"""A wheel of this repository, unpacked as an installation would, outside any checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Installed:
    """An unpacked wheel and an empty folder to work in."""

    packages: Path
    work: Path

    def python(
        self, *arguments: str, ok: bool = True, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run Python with this installation; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=self.work,
            env={**os.environ, "PYTHONPATH": str(self.packages), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, printed
        return printed

    def harmodels(self, *arguments: str, ok: bool = True) -> str:
        """Run the `harmodels` command; return what it printed."""
        program = "import sys; from harmodels.cli import main; sys.exit(main())"
        return self.python("-c", program, *arguments, ok=ok)


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build an `sdist` or a `wheel` of a source tree as pip does; return the file."""
    pytest.importorskip("hatchling")
    folder.mkdir(parents=True)
    program = f"import sys; from hatchling.build import build_{kind} as b; print(b(sys.argv[1]))"
    command = [sys.executable, "-c", program, str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(repository: Path, once: Callable[..., Path]) -> Path:
    """A wheel built from this repository."""
    folder = once("wheel", lambda folder: build("wheel", repository, folder / "dist"))
    return next((folder / "dist").iterdir())


@pytest.fixture(scope="session")
def unpacked(repository: Path, once: Callable[..., Path]) -> Path:
    """A source distribution of this repository, unpacked: a folder without git."""

    def unpack(folder: Path) -> None:
        # tarfile has its filters from Python 3.11.4 on only, and the archive is our own
        shutil.unpack_archive(build("sdist", repository, folder / "dist"), folder)

    return next(once("sdist", unpack).glob("harmodels-*"))


@pytest.fixture(scope="session")
def packages(wheel: Path, once: Callable[..., Path]) -> Path:
    """The folder in which the wheel was unpacked."""
    return once("site-packages", zipfile.ZipFile(wheel).extractall)


@pytest.fixture
def installed(packages: Path, tmp_path: Path) -> Installed:
    """The installation and an empty folder of this test."""
    return Installed(packages, tmp_path)
