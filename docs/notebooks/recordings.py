"""Recordings for the notebooks: simulated phones, or UCI HAR where it is at hand."""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from harmodels.data.simulation.phone_motion import ACTIVITIES, draw_person, record

torch.set_num_threads(1)  # small matrices: more threads only wait for each other


class Recordings(NamedTuple):
    """Windows of acceleration: X (n, T, 3), y (n,) activities, people (n,), and where from."""

    X: np.ndarray
    y: np.ndarray
    people: np.ndarray
    source: str


def simulated(activities, people=12, per_person=6, steps=64, rate_hz=25.0, seed=0) -> Recordings:
    """Return windows of invented people, each of whom does every activity, scaled to unit size."""
    random = np.random.default_rng(seed)
    X, y, who = [], [], []
    for number in range(people):
        person = draw_person(random)
        for activity in activities:
            for _ in range(per_person):
                recording = record(
                    ACTIVITIES[activity],
                    person,
                    samples=steps,
                    rate_hz=rate_hz,
                    on_thigh=False,
                    random=random,
                )
                X.append(recording.acceleration)
                y.append(activity)
                who.append(number)
    return _scaled(np.stack(X), np.array(y), np.array(who), "SIMULATED")


def uci_har() -> Recordings | None:
    """Return the test windows of UCI HAR from the folder HARMODELS_MIRROR, or None."""
    archive = Path(os.environ.get("HARMODELS_MIRROR", ""), "UCI HAR Dataset.zip")
    if not archive.is_file():
        return None
    with zipfile.ZipFile(archive) as files:

        def table(name):
            with files.open(f"UCI HAR Dataset/test/{name}") as file:
                return pd.read_csv(file, sep=r"\s+", header=None).to_numpy()

        axes = [table(f"Inertial Signals/total_acc_{axis}_test.txt") for axis in "xyz"]
        names = ["walking", "upstairs", "downstairs", "sitting", "standing", "laying"]
        y = np.array(names)[table("y_test.txt")[:, 0] - 1]
        return _scaled(np.stack(axes, axis=-1), y, table("subject_test.txt")[:, 0], "UCI HAR")


def _scaled(X, y, people, source) -> Recordings:
    X = (X - X.mean((0, 1))) / X.std((0, 1))
    return Recordings(X.astype(np.float32), y, people, source)
