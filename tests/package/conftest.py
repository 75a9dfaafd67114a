"""A wheel of this repository, unpacked as an installation would, outside any checkout."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
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
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this repository."""
    return build("wheel", repository, tmp_path_factory.mktemp("dist") / "wheel")


@pytest.fixture(scope="session")
def unpacked(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution of this repository, unpacked: a folder without git."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", repository, folder / "dist")) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("harmodels-*"))


@pytest.fixture(scope="session")
def packages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the wheel was unpacked."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def installed(packages: Path, tmp_path: Path) -> Installed:
    """The installation and an empty folder of this test."""
    return Installed(packages, tmp_path)
