"""A small registry entry, archives and sequences of every kind that the tests of data need."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harmodels.data.dataset import Archive, Dataset, Simulation, Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.registry import load_registry
from harmodels.data.sequences import Sequences


@pytest.fixture(scope="session")
def registry(repository: Path) -> dict[str, Dataset]:
    return load_registry(repository / "config" / "datasets.yaml")


@pytest.fixture
def facts() -> SequenceFacts:
    return SequenceFacts("toy", ("sitting", "walking"), ("x",), ("g",), 10.0)


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    def make(members: dict[str, bytes], name: str = "archive.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(zipfile.ZipInfo(member), content)
        return path

    return make


@pytest.fixture
def make_sequences() -> Callable[..., Sequences]:
    def make(per_class: int = 10, classes: int = 3, halves: bool = True) -> Sequences:
        """`per_class` training and half as many test sequences a class, by five people."""
        counts = {"train": per_class, "test": per_class // 2}
        rows = [(h, c, i) for h, n in counts.items() for c in range(classes) for i in range(n)]
        count = len(rows)
        return Sequences(
            facts=SequenceFacts(
                "toy", tuple(f"class{c}" for c in range(classes)), ("x",), ("g",), 10.0
            ),
            ids=np.array([f"{h}/{c}/{i}" for h, c, i in rows]),
            subjects=np.array([str(i % 5) for _, _, i in rows]),
            official_split=np.array([h if halves else "" for h, _, _ in rows]),
            labels=np.array([c for _, c, _ in rows]),
            offsets=np.arange(count + 1) * 2,
            values=np.arange(count * 2, dtype=np.float32)[:, None],
        )

    return make


@pytest.fixture
def small_uci(registry: dict[str, Dataset]) -> Dataset:
    """The simulated UCI HAR with three people and two windows of each class."""
    plan = Simulation(seed=3, subjects=3, test_subjects=1, seconds_per_class=4.0)
    return replace(registry["simulated"], simulation=plan)


@pytest.fixture
def small_wisdm(registry: dict[str, Dataset]) -> Dataset:
    """The simulated WISDM with two people and two windows of each class."""
    plan = Simulation(seed=3, subjects=2, seconds_per_class=16.0)
    return replace(registry["simulated-wisdm"], simulation=plan)


@pytest.fixture(scope="session")
def small_motionsense(registry: dict[str, Dataset]) -> Dataset:
    """The simulated MotionSense with two people, and windows of 2 s."""
    plan = Simulation(seed=3, subjects=2, seconds_per_class=12.0)
    return replace(
        registry["simulated-motionsense"],
        simulation=plan,
        window=Window(steps=40, step=40),
        subjects=("1", "2"),
    )


@pytest.fixture
def toy_archive() -> Archive:
    return Archive(file="toy.zip", largest_bytes=10_000)


@pytest.fixture
def window() -> Window:
    return Window(steps=3, step=3, largest_gap_s=0.2)
