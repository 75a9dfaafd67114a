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
    """Some windows in their order."""

    starts: Array  # (N,) seconds since the first sample
    ends: Array  # the same
    probabilities: NDArray[np.float32]  # (N, C); NaN where the sensor stood still

    @property
    def codes(self) -> NDArray[np.int16]:
        """(N,) the most probable class; `NO_LABEL` where the sensor stood still."""
        best = np.nan_to_num(self.probabilities).argmax(axis=1)
        return np.where(np.isnan(self.probabilities[:, 0]), NO_LABEL, best).astype(np.int16)


@dataclass
class Activities:
    """The windows of a recording in their order, as `ScoredWindows`."""

    classes: tuple[str, ...]
    starts: Array
    ends: Array
    codes: NDArray[np.int16]
    probabilities: NDArray[np.float32]
    origin: Any  # time of the first sample: a date or seconds
    recorded_s: float  # from the first sample to the last
    rows: int  # of the file
    dropped: int  # rows with a value that is no number
    gaps: int  # pauses between samples
    recorded_hz: float  # of the first segment without gaps

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
