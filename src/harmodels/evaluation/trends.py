"""Verdicts on the form of a sweep: whether a value changes along an option, and how straight.

A sample has the columns `replicate`, `place` (where the option's value lies on its axis) and
`value`. Each replicate is fitted by itself, by least squares, so that the interval over replicates
tells how much the random seed matters. A replicate that lacks a place (it diverged there) is left
out: its line would be of other places than the others'.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.claims import (
    Expected,
    Judgement,
    judge_equivalence,
    judge_mean,
)
from harmodels.evaluation.statistics import LEVEL


class Form(NamedTuple):
    """What the fits of one sweep say, one number a replicate.

    Attributes
    ----------
    change
        Along the straight line, from the lowest place to the highest.
    bend
        Of the parabola: how far its middle is above the straight line between its ends. 0 for
        values on a line, whatever its slope.
    """

    change: "pd.Series[float]"
    bend: "pd.Series[float]"


def form_of(sample: pd.DataFrame) -> Form:
    """Return change and bend of every replicate that has a value at each place.

    With x the places, brought to 0 … 1, and values y, the line b + c·x has the change c. The
    parabola b + c·x + a·x² lies at x = ½ by −a/4 above the line that joins its ends.

    Raises
    ------
    ValueError
        For fewer than three places, which every parabola fits.

    Examples
    --------
    >>> sample = pd.DataFrame({"replicate": 0, "place": [4, 5, 6], "value": [0.5, 0.7, 0.8]})
    >>> form = form_of(sample)
    >>> print(f"change {form.change[0]:.2f}, bend {form.bend[0]:.2f}")
    change 0.30, bend 0.05
    """
    values = sample.pivot(index="replicate", columns="place", values="value").dropna()
    places = values.columns.to_numpy(dtype=np.float64)
    if len(places) < 3:
        raise ValueError(f"a bend needs three places, not {len(places)}")
    x = (places - places.min()) / np.ptp(places)
    found = values.to_numpy(dtype=np.float64).T  # (places, replicates)
    line, parabola = (np.polynomial.polynomial.polyfit(x, found, degree) for degree in (1, 2))
    return Form(
        change=pd.Series(line[1], index=values.index),
        bend=pd.Series(-parabola[2] / 4, index=values.index),
    )


def trend(sample: pd.DataFrame, expected: Expected, level: float = LEVEL) -> Judgement:
    """Judge the change along the straight line against 0."""
    return judge_mean(form_of(sample).change, 0.0, expected, level)


def straight(sample: pd.DataFrame, margin: float, level: float = LEVEL) -> Judgement:
    """Judge whether the bend lies between −margin and margin, as `claims.equivalent` does."""
    return judge_equivalence(form_of(sample).bend, margin, level)
