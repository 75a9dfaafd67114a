"""Confidence intervals over replicates: of means, of shares and of counts; bands of curves.

`docs/statistics.md` says which interval is used where, and how often each covers.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its parts are loaded when they are first used, which planning a run never does
from numpy.typing import NDArray

from harmodels.errors import ResultsError
from harmodels.evaluation.ties import on_side, spread

LEVEL = 0.95
LINES_UP_TO = 10  # replicates: as many thin lines and their median are still told apart


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

    @property
    def excludes_zero(self) -> bool:
        """Whether all of it lies on one side of 0; one that touches 0 does not."""
        return bool(on_side(self.low, "greater", 0.0) or on_side(self.high, "less", 0.0))


def mean_interval(
    values: Iterable[float], level: float = LEVEL, resolution: float = 0.0
) -> Interval:
    """Return the mean and mean ± t · s / √n, with Student's t of n − 1 degrees of freedom.

    For values without a range, such as losses and differences. The interval of a share may leave
    [0, 1]; `share_interval` does not. `resolution` is the distance of two values that can be told
    apart (`ties.spread`).

    Raises
    ------
    ResultsError
        If a value is NaN or infinite; diverged replicates are left out before, and counted.

    Examples
    --------
    >>> interval = mean_interval([1.0, 2.0, 3.0])
    >>> print(f"{interval.mean} ± {interval.half_width:.3f}")
    2.0 ± 2.484
    """
    mean, error, n = mean_and_error(values, resolution)
    half = student_quantile(level, n - 1) * error
    return Interval(mean, mean - half, mean + half, n)


def share_interval(
    values: Iterable[float], level: float = LEVEL, resolution: float = 0.0
) -> Interval:
    """Return the mean of n shares with Student's t interval on the logit scale.

    The bounds are logit⁻¹(logit m ± t · e), with the mean m, the standard error s / √n of it and
    e = s / (√n · m (1 − m)), the standard error of logit m by the delta method. They lie inside
    [0, 1], and cover more often than mean ± t · s / √n where shares are near 0 or 1
    (Korn and Graubard 1998; Dean and Pagano 2015). Shares that are all equal give an interval
    without length.

    Parameters
    ----------
    values
        One share a replicate, each in [0, 1]: an accuracy, a recall.
    level
        Confidence of the interval.
    resolution
        The distance of two shares that can be told apart, 1 / n of a share of n sequences
        (`ties.spread`).

    Raises
    ------
    ResultsError
        If a value is NaN or outside [0, 1].

    Examples
    --------
    >>> interval = share_interval([0.99, 0.98, 0.90])
    >>> print(f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]")
    0.957 [0.535, 0.998]
    """
    mean, error, n = mean_and_error(_shares(values), resolution)
    low, high = logit_bounds(mean, student_quantile(level, n - 1) * error)
    return Interval(mean, low, high, n)


def count_interval(count: int, trials: int, level: float = LEVEL) -> Interval:
    """Return the share count / trials with the exact interval of Clopper and Pearson (1934).

    For counts of replicates, such as "3 of 5 ended on one label". It covers at least as often as
    `level` for every true share and every number of trials, which no shorter interval does for
    n = 3 to 5 (Brown, Cai and DasGupta 2001).

    Raises
    ------
    ResultsError
        If the count is not between 0 and `trials`.

    Examples
    --------
    >>> interval = count_interval(5, 5)
    >>> print(f"{interval.mean} [{interval.low:.3f}, {interval.high:.3f}]")
    1.0 [0.478, 1.000]
    """
    if not 0 <= count <= trials:
        raise ResultsError(f"a count of {count} in {trials} trials does not exist")
    if trials == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    from scipy.stats import binomtest  # half a second that few tables need

    bounds = binomtest(count, trials).proportion_ci(level, method="exact")
    return Interval(count / trials, float(bounds.low), float(bounds.high), trials)


def paired_difference(left: pd.DataFrame, right: pd.DataFrame, level: float = LEVEL) -> Interval:
    """Return the interval of left − right over the replicates that both have.

    Parameters
    ----------
    left, right
        Columns replicate and value, one row a replicate.
    level
        Confidence of the interval.

    Examples
    --------
    >>> left = pd.DataFrame({"replicate": [0, 1, 2], "value": [0.8, 0.9, 0.7]})
    >>> right = pd.DataFrame({"replicate": [0, 1], "value": [0.7, 0.6]})
    >>> interval = paired_difference(left, right)
    >>> print(f"{interval.mean:.1f} over {interval.n} replicates")
    0.2 over 2 replicates
    """
    _, i, j = np.intersect1d(left["replicate"], right["replicate"], True, return_indices=True)
    return mean_interval(left["value"].to_numpy()[i] - right["value"].to_numpy()[j], level)


def difference_of_intervals(left: Interval, right: Interval) -> Interval:
    """Return left − right with the interval that follows from their own, which may be lopsided.

    Newcombe's method (1998), as Zou and Donner (2008) generalise it; it takes the two for
    independent, so it is too wide where they go up and down together. `n` is the smaller one.

    Examples
    --------
    >>> found = difference_of_intervals(Interval(0.9, 0.86, 0.92, 5), Interval(0.8, 0.77, 0.84, 5))
    >>> print(f"{found.mean:.2f} [{found.low:.3f}, {found.high:.3f}]")
    0.10 [0.043, 0.136]
    """
    difference = left.mean - right.mean
    down = np.hypot(left.mean - left.low, right.high - right.mean)
    up = np.hypot(left.high - left.mean, right.mean - right.low)
    return Interval(
        difference, float(difference - down), float(difference + up), min(left.n, right.n)
    )


def share_band(frame: pd.DataFrame, by: Sequence[str], value: str = "value") -> pd.DataFrame:
    """Return one row a group of `by`: its columns, mean, low, high, n (`share_interval` of each).

    Examples
    --------
    >>> recalls = pd.DataFrame({"label": [0, 0, 0], "value": [0.99, 0.98, 0.90]})
    >>> share_band(recalls, ["label"]).round(3).to_dict("records")
    [{'label': 0, 'mean': 0.957, 'low': 0.535, 'high': 0.998, 'n': 3}]
    """
    groups = [
        dict(zip(by, keys, strict=True)) | share_interval(rows[value])._asdict()
        for keys, rows in frame.groupby(list(by))
    ]
    return pd.DataFrame(groups, columns=[*by, *Interval._fields])


def median_band(
    frame: pd.DataFrame, by: Sequence[str], value: str = "value", share: float = 0.5
) -> pd.DataFrame:
    """Return one row a group of `by`: its columns, median, low, high, n.

    Low and high are the quantiles that enclose the middle `share` of the replicates, so the band
    lies where replicates lie and one outlier does not widen it. It shows how replicates spread,
    not how well the median is known. With `LINES_UP_TO` replicates or fewer, draw each as a thin
    line and the median instead.

    Examples
    --------
    >>> curves = pd.DataFrame({"epoch": [1, 1, 1], "value": [0.2, 0.3, 9.0]})
    >>> median_band(curves, ["epoch"], share=0.5).round(2).to_dict("records")
    [{'epoch': 1, 'median': 0.3, 'low': 0.25, 'high': 4.65, 'n': 3}]
    """
    grouped = frame.groupby(list(by))[value]
    tail = (1 - share) / 2
    band = pd.DataFrame(
        {
            "median": grouped.median(),
            "low": grouped.quantile(tail),
            "high": grouped.quantile(1 - tail),
            "n": grouped.size(),
        }
    )
    return band.reset_index()


def student_quantile(level: float, degrees: float | NDArray[np.float64]) -> float:
    """Return the t beyond which (1 − level) / 2 of Student's distribution lies.

    NaN for no degrees of freedom.
    """
    return scipy.special.stdtrit(degrees, (1 + level) / 2)


def logit_bounds(mean: float, half: float) -> tuple[float, float]:
    """Return logit⁻¹(logit m ± half / (m (1 − m))), the bounds of a share on the logit scale.

    Parameters
    ----------
    mean
        A share m; 0 and 1 are their own bounds.
    half
        Half the length of the interval on the scale of the share; NaN gives NaN.
    """
    if half == 0 or (mean in (0.0, 1.0) and not np.isnan(half)):
        return mean, mean
    middle, wide = scipy.special.logit(mean), half / (mean * (1 - mean)) if 0 < mean < 1 else np.nan
    low, high = float(scipy.special.expit(middle - wide)), float(scipy.special.expit(middle + wide))
    # a mean that goes there and back may come out beside itself by the last digit
    return min(low, mean), max(high, mean)


def _shares(values: Iterable[float]) -> list[float]:
    shares = [float(value) for value in values]
    outside = [share for share in shares if share < 0 or share > 1]
    if outside:
        raise ResultsError(f"{outside[0]} is no share between 0 and 1; use mean_interval")
    return shares


def mean_and_error(values: Iterable[float], resolution: float = 0.0) -> tuple[float, float, int]:
    """Return the mean, its standard error s / √n, and n; NaN where they do not exist.

    Raises ResultsError if a value is NaN or infinite.
    """
    sample = np.asarray(list(values), dtype=np.float64)
    n = sample.size
    if not np.isfinite(sample).all():
        raise ResultsError(
            f"cannot average {sample[~np.isfinite(sample)][0]}: "
            "leave diverged replicates out and count them"
        )
    if n < 2:
        return (float(sample[0]) if n else np.nan), np.nan, n
    mean, deviation = spread(sample, resolution)
    return mean, deviation / float(np.sqrt(n)), n
