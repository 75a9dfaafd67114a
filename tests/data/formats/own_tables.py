"""A table of two people as a user has it, and its entry in a registry."""

import numpy as np
import pandas as pd

from harmodels.data.prepare import read_raw

ENTRY = {
    "title": "My walks",
    "licence": "mine",
    "citation": "me",
    "format": "table",
    "path": "walks.csv",
    "archive": {"file": "walks.csv", "user_file": True, "largest_bytes": 10**8},
    "rate_hz": 50,
    "channels": {"acc_x": "g", "acc_y": "g", "acc_z": "g", "gyro_x": "rad/s"},
    "channel_groups": {"acceleration": ["acc_x", "acc_y", "acc_z"]},
    "classes": ["Sitting", "Nordic walking"],
    "window": {"steps": 100, "step": 50, "largest_gap_s": 0.2},
    "table": {"subject": "person", "label": "activity", "time": "t"},
}


def recording(rate_hz, seconds=12.0):
    """Two people, each sitting and then walking with slow signals."""
    parts = []
    for person in ("anna", "bert"):
        for index, activity in enumerate(("sitting", "NORDIC WALKING")):
            times = np.arange(round(seconds * rate_hz)) / rate_hz
            slow = np.sin(2 * np.pi * (1 + index) * times + len(parts))
            part = {"t": times + index * seconds, "person": person, "activity": activity}
            part |= {"acc_x": 1 + 0.1 * slow, "acc_y": 0.2 * slow, "acc_z": -0.3 * slow}
            parts.append(pd.DataFrame({**part, "gyro_x": slow}))
    return pd.concat(parts, ignore_index=True)


def read(dataset, raw, frame):
    raw.mkdir(exist_ok=True)
    path = raw / dataset.path
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return read_raw(dataset, raw)[0]
