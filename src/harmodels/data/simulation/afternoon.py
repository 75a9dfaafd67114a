"""A simulated afternoon: one person does one thing after another, and the phone is off for a while.

For recordings that a model classifies; who is recorded took no part in its training data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from harmodels.data.simulation.phone_motion import ACTIVITIES, draw_person, record
from harmodels.data.simulation.placements import PLACEMENTS, WAIST
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.errors import ConfigurationError
from harmodels.files import atomic_path
from harmodels.seeds import Purpose, generator

SHORTEST_S, LONGEST_S = 40.0, 240.0  # of one activity
OFF_S = 90.0
COLUMNS = ("t", "ax", "ay", "az", "gx", "gy", "gz")


@dataclass(frozen=True)
class Afternoon:
    """A recording as an app writes it, and what was done."""

    samples: pd.DataFrame  # `COLUMNS`: seconds, m/s² with gravity, rad/s
    truth: pd.DataFrame  # start, end, label


def simulate_afternoon(
    classes: Sequence[str], *, minutes: float, rate_hz: float, seed: int, like: str = "uci_har"
) -> Afternoon:
    """Return an afternoon of a person whom the seed draws, who does some of `ACTIVITIES`.

    The phone is worn and its axes lie as in recordings of the format `like` (`uci_har`, `wisdm`,
    `motionsense`). Raises ConfigurationError if an activity is unknown.

    >>> afternoon = simulate_afternoon(["walking", "sitting"], minutes=5, rate_hz=50.0, seed=1)
    >>> set(afternoon.truth["label"]) <= {"walking", "sitting"}
    True
    """
    strange = [name for name in classes if name.removeprefix("walking_") not in ACTIVITIES]
    if strange:
        raise ConfigurationError(
            f"activity {strange[0]!r} cannot be simulated; there are {', '.join(ACTIVITIES)}"
        )
    phone = PLACEMENTS.get(like, WAIST)
    random = generator(seed, Purpose.SIMULATION, replicate=10**6)
    person = draw_person(random)
    parts, rows, start, last = [], [], 0.0, ""
    while start < 60 * minutes:
        name = str(random.choice([each for each in classes if each != last]))
        seconds = float(np.clip(random.gamma(2.0, 50.0), SHORTEST_S, LONGEST_S))
        samples = round(seconds * rate_hz)
        motion = record(
            ACTIVITIES[name.removeprefix("walking_")],
            person,
            samples=samples,
            rate_hz=rate_hz,
            on_thigh=phone.on_thigh,
            random=random,
        )
        times = start + np.arange(samples) / rate_hz
        felt = phone.acceleration(motion.acceleration * STANDARD_GRAVITY)
        parts.append(np.column_stack([times, felt, phone.rotation(motion.rotation)]))
        rows.append((start, start + samples / rate_hz, name))
        passed_half = start < 30 * minutes <= start + seconds
        start, last = start + samples / rate_hz + OFF_S * passed_half, name
    return Afternoon(
        pd.DataFrame(np.concatenate(parts), columns=COLUMNS),
        pd.DataFrame(rows, columns=["start", "end", "label"]),
    )


def write_afternoon(recording: Path, truth: Path, afternoon: Afternoon) -> None:
    """Write both tables as CSV; the same afternoon gives the same bytes."""
    table = pa.Table.from_pandas(afternoon.samples.round(5), preserve_index=False)
    with atomic_path(recording) as temporary, temporary.open("wb") as stream:
        pa.csv.write_csv(table, stream)
    with atomic_path(truth) as temporary:
        afternoon.truth.to_csv(temporary, index=False, float_format="%.3f", lineterminator="\n")
