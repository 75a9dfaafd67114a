"""Means over replicates with Student's t intervals."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from harmodels.errors import ResultsError

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean of `n` values with its confidence interval.

    The bounds are NaN for fewer than two values: a single run has no spread.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half of the interval's length."""
        return (self.high - self.low) / 2


def mean_interval(values: Iterable[float], level: float = LEVEL) -> Interval:
    """Return the mean and mean ± t · s / √n, with Student's t of n − 1 degrees of freedom.

    The interval is not cut at 0 or 1: an accuracy near 1 may show a bound above it.

    Raises
    ------
    ResultsError
        If a value is NaN or infinite; diverged replicates are left out before, and counted.
    """
    sample = np.asarray(list(values), dtype=np.float64)
    n = sample.size
    if not np.isfinite(sample).all():
        raise ResultsError(
            f"cannot average {sample[~np.isfinite(sample)][0]}: "
            "leave diverged replicates out and count them"
        )
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(sample.mean())
    if n == 1:
        return Interval(mean, np.nan, np.nan, 1)
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * sample.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(left: pd.DataFrame, right: pd.DataFrame, level: float = LEVEL) -> Interval:
    """Return the interval of left − right over the replicates that both have.

    Parameters
    ----------
    left, right
        Columns replicate and value, one row a replicate.
    level
        Confidence of the interval.
    """
    both = left.merge(right, on="replicate", suffixes=("_left", "_right"), validate="one_to_one")
    return mean_interval(both["value_left"] - both["value_right"], level)


def mean_band(
    frame: pd.DataFrame, by: Sequence[str], value: str = "value", level: float = LEVEL
) -> pd.DataFrame:
    """Return one row a group of `by`: its columns, mean, low, high, n (`mean_interval` of each).

    Used for curves: `by=["epoch"]` gives the band of a loss over replicates.
    """
    grouped = frame.groupby(list(by))[value]
    band = grouped.agg(mean="mean", deviation="std", n="size").reset_index()
    degrees = np.maximum(band["n"] - 1, 1)
    half = stats.t.ppf((1 + level) / 2, degrees) * band["deviation"] / np.sqrt(band["n"])
    band["low"], band["high"] = band["mean"] - half, band["mean"] + half
    return band[[*by, "mean", "low", "high", "n"]]
