"""The classified windows of a recording, and their table as CSV.

Axes: N windows, C classes.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

NO_LABEL = -1  # a window in which the sensor stood still


class ScoredWindows(NamedTuple):
    """Some windows in their order.

    Attributes
    ----------
    starts, ends
        (N,) seconds since the first sample.
    probabilities
        (N, C) float32; NaN where the sensor stood still.
    """

    starts: Array
    ends: Array
    probabilities: NDArray[np.float32]

    @property
    def codes(self) -> NDArray[np.int16]:
        """(N,) the most probable class; `NO_LABEL` where the sensor stood still."""
        best = np.nan_to_num(self.probabilities).argmax(axis=1)
        return np.where(np.isnan(self.probabilities[:, 0]), NO_LABEL, best).astype(np.int16)


@dataclass
class Activities:
    """The windows of a recording in their order.

    Attributes
    ----------
    classes
        (C,) names.
    starts, ends, codes, probabilities
        As of `ScoredWindows`.
    origin
        Time of the first sample: a date or seconds.
    recorded_s
        Seconds from the first sample to the last.
    rows, dropped, gaps
        Rows of the file; those with a value that is no number; pauses between samples.
    recorded_hz
        Samples a second of the first segment without gaps.
    """

    classes: tuple[str, ...]
    starts: Array
    ends: Array
    codes: NDArray[np.int16]
    probabilities: NDArray[np.float32]
    origin: Any
    recorded_s: float
    rows: int
    dropped: int
    gaps: int
    recorded_hz: float

    @property
    def seconds(self) -> Array:
        """(N,) seconds from the start of each window to that of the next, or to its end."""
        following = np.append(self.starts[1:], np.inf)
        return np.minimum(self.ends, np.maximum(following, self.starts)) - self.starts

    def minutes(self) -> dict[str, float]:
        """Return the minutes of each class; overlapping windows count once."""
        return {
            name: float(self.seconds[self.codes == code].sum() / 60)
            for code, name in enumerate(self.classes)
        }


def write_rows(
    stream: TextIO, windows: ScoredWindows, classes: Sequence[str], origin: Any, *, header: bool
) -> None:
    """Write a row for each window: start, end, label, and the probability of each class."""
    names = np.array([*classes, ""], dtype=object)  # the last: no label
    times = {"start": clock(windows.starts, origin), "end": clock(windows.ends, origin)}
    rows = pd.DataFrame({**times, "label": names[windows.codes]})
    rows = pd.concat([rows, pd.DataFrame(windows.probabilities, columns=list(classes))], axis=1)
    rows.to_csv(
        stream,
        header=header,
        index=False,
        float_format="%.4f",
        lineterminator="\n",
        # the csv module leaves a name with a carriage return without quotes
        quoting=csv.QUOTE_NONNUMERIC if "\r" in "".join(classes) else csv.QUOTE_MINIMAL,
    )


def clock(seconds: Array, origin: Any) -> Any:
    """Return times as in the file: dates, or seconds to the thousandth."""
    if isinstance(origin, pd.Timestamp):
        stamps = origin + pd.to_timedelta(seconds, unit="s")
        return stamps.round("ms").strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3]
    return pd.Series(seconds + (origin or 0.0)).map("{:.3f}".format)
