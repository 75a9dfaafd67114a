"""The classified windows of a recording, and their table as CSV.

Axes: N windows, C classes.
"""

import csv
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

NO_LABEL = -1  # a window in which the sensor stood still, or of which something cannot be right
WRITTEN_AT_ONCE = 1 << 16  # rows


class ScoredWindows(NamedTuple):
    """Some windows in their order."""

    starts: Array  # (N,) seconds since the first sample
    ends: Array  # the same
    probabilities: NDArray[np.float32]  # (N, C); NaN where there is no label


@dataclass
class Activities:
    """The windows of a recording in their order, as `ScoredWindows`."""

    classes: tuple[str, ...]
    starts: Array
    ends: Array
    probabilities: NDArray[np.float32]
    origin: Any  # time of the first sample: a date or seconds
    recorded_s: float  # sum of the parts without a pause
    paused_s: float  # sum of the pauses between them
    rows: int  # of the file
    gaps: int  # pauses between samples
    recorded_hz: float
    notes: list[str] = field(default_factory=list)  # lines on what was mended or left out

    def __post_init__(self) -> None:
        """Check that time goes on: no window may take time from another."""
        assert (np.diff(self.starts) > 0).all(), "windows begin one after another"
        assert (self.ends > self.starts).all(), "and end after they begin"

    @property
    def span_s(self) -> float:
        """Seconds from the first sample to the last."""
        return self.recorded_s + self.paused_s

    @property
    def codes(self) -> NDArray[np.int16]:
        """(N,) the most probable class, or `NO_LABEL`."""
        best = np.nan_to_num(self.probabilities).argmax(axis=1)
        return np.where(np.isnan(self.probabilities[:, 0]), NO_LABEL, best).astype(np.int16)

    @property
    def seconds(self) -> Array:
        """(N,) seconds from the start of each window to that of the next, or to its end."""
        return np.minimum(self.ends, np.append(self.starts[1:], np.inf)) - self.starts

    def minutes(self) -> dict[str, float]:
        """Return the minutes of each class; overlapping windows count once."""
        codes, seconds = self.codes, self.seconds
        return {
            name: float(seconds[codes == code].sum() / 60) for code, name in enumerate(self.classes)
        }


def write_activities(stream: TextIO, activities: Activities) -> None:
    """Write a row for each window as CSV: start, end, label, and the probability of each class."""
    names = np.array([*activities.classes, ""], dtype=object)  # the last: no label
    # the csv module leaves a name with a carriage return without quotes
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if "\r" in "".join(names) else csv.QUOTE_MINIMAL
    codes = activities.codes
    for first in range(0, len(codes), WRITTEN_AT_ONCE):
        rows = slice(first, first + WRITTEN_AT_ONCE)
        frame = pd.DataFrame(activities.probabilities[rows], columns=list(activities.classes))
        frame.insert(0, "start", clock(activities.starts[rows], activities.origin), True)
        frame.insert(1, "end", clock(activities.ends[rows], activities.origin), True)
        frame.insert(2, "label", names[codes[rows]], True)
        frame.to_csv(
            stream,
            header=not first,
            index=False,
            float_format="%.4f",
            lineterminator="\n",
            quoting=quoting,
        )


def clock(seconds: Array, origin: Any) -> NDArray[np.object_]:
    """Return times as in the file: dates, with the offset of their zone, or seconds.

    >>> clock(np.array([1.5]), pd.Timestamp("2024-05-01T12:00+02:00")).tolist()
    ['2024-05-01T12:00:01.500+02:00']
    """
    if not isinstance(origin, pd.Timestamp):
        return np.array([f"{second:.3f}" for second in seconds + (origin or 0.0)], dtype=object)
    here = origin if origin.tz is None else origin.tz_convert("UTC")  # where no hour comes twice
    stamps = (here + pd.to_timedelta(seconds, unit="s")).round("ms")
    if origin.tz is not None:
        stamps = stamps.tz_convert(origin.tz)
    texts = stamps.strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    # thousandths have three of six digits, and an offset a colon
    return np.array([t[:23] + t[26:29] + ":" * (len(t) > 26) + t[29:] for t in texts], dtype=object)
