"""A phone at rest and in motion, and the real data set read from its archive."""

import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

CHANNELS = tuple(
    f"{sensor}_{axis}" for sensor in ("total_acc", "body_acc", "body_gyro") for axis in "xyz"
)
UNITS = ("g",) * 6 + ("rad/s",) * 3


class Recording(NamedTuple):
    values: np.ndarray
    channels: tuple[str, ...]
    units: tuple[str, ...]


class Archive(NamedTuple):
    names: tuple[str, ...]
    windows: np.ndarray  # (10299, 128, 9), training half first
    shipped: np.ndarray  # (10299, 561)
    train: int


@pytest.fixture
def walk() -> Recording:
    """Seven raw windows of a noisy, moving phone: (7 · 64 + 64, 6)."""
    rng = np.random.default_rng(7)
    t = np.arange(8 * 64) / 50.0
    acceleration = 0.3 * np.stack([np.sin(2 * np.pi * f * t) for f in (1.9, 3.8, 0.9)], axis=1)
    acceleration[:, 0] += 1.0
    rotation = np.stack([np.cos(2 * np.pi * f * t) for f in (1.9, 2.5, 0.7)], axis=1)
    values = np.concatenate([acceleration, rotation], axis=1) + 0.05 * rng.normal(size=(len(t), 6))
    return Recording(values, CHANNELS[:3] + CHANNELS[6:], UNITS[3:])


@pytest.fixture
def still() -> Recording:
    """Two filtered windows of a phone at rest, gravity along x: (2, 128, 9)."""
    values = np.zeros((2, 128, 9))
    values[..., 0] = 1.0
    return Recording(values, CHANNELS, UNITS)


@pytest.fixture(scope="session")
def archive(mirror: Path) -> Archive:
    path = mirror / "UCI HAR Dataset.zip"
    if not path.exists():
        pytest.skip(f"{path.name} is not in HARMODELS_MIRROR")
    with zipfile.ZipFile(path) as members:

        def matrix(name: str) -> np.ndarray:
            text = io.BytesIO(members.read(f"UCI HAR Dataset/{name}"))
            return pd.read_csv(text, sep=r"\s+", header=None).to_numpy(dtype=np.float64)

        def half(name: str) -> np.ndarray:
            files = [f"{name}/Inertial Signals/{channel}_{name}.txt" for channel in CHANNELS]
            return np.stack([matrix(file) for file in files], axis=2)

        lines = members.read("UCI HAR Dataset/features.txt").decode().split("\n")
        train = matrix("train/X_train.txt")
        return Archive(
            names=tuple(line.strip().split(" ", 1)[1] for line in lines if line.strip()),
            windows=np.concatenate([half("train"), half("test")]),
            shipped=np.concatenate([train, matrix("test/X_test.txt")]),
            train=len(train),
        )
