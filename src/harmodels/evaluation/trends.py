"""The form of a sweep: how much a value changes along an option, and how straight.

A sample has the columns `replicate`, `place` (where the option's value lies on its axis) and
`value`. Each replicate is fitted by itself, by least squares, so that the interval over replicates
tells how much the random seed matters. A replicate that lacks a place (it diverged there) is left
out: its line would be of other places than the others'.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd


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


def form_of(sample: pd.DataFrame, places: Sequence[float]) -> Form:
    """Return change and bend of every replicate that has a value at each of the places.

    With x the places, brought to 0 … 1, and values y, the line b + c·x has the change c. The
    parabola b + c·x + a·x² lies at x = ½ by −a/4 above the line that joins its ends.

    Raises
    ------
    ValueError
        For fewer than three places, which every parabola fits.

    Examples
    --------
    >>> sample = pd.DataFrame({"replicate": 0, "place": [4, 5, 6], "value": [0.5, 0.7, 0.8]})
    >>> form = form_of(sample, [4, 5, 6])
    >>> print(f"change {form.change[0]:.2f}, bend {form.bend[0]:.2f}")
    change 0.30, bend 0.05
    """
    if len(places) < 3:
        raise ValueError(f"a bend needs three places, not {len(places)}")
    values = sample.pivot(index="replicate", columns="place", values="value")
    values = values.reindex(columns=list(places)).dropna()
    x = (np.array(places) - min(places)) / np.ptp(places)
    found = values.to_numpy(dtype=np.float64).T  # (places, replicates)
    line, parabola = (np.linalg.pinv(np.vander(x, degree + 1)) @ found for degree in (1, 2))
    # numpy's Vandermonde matrix starts with the highest power
    return Form(pd.Series(line[0], values.index), pd.Series(-parabola[0] / 4, values.index))
