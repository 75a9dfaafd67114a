"""The 561 features of windows of one's own, filtered whole as `harmodels classify` filters them.

Axes: N windows, T steps.
"""

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.checks import FILTERED_CHANNELS, FILTERED_UNITS
from harmodels.data.features.extract import extract_features
from harmodels.data.features.signals import LENGTH, RATE_HZ, STEP
from harmodels.data.resampling import joined
from harmodels.recordings.stream import UCI_HAR, GravitySplit, MedianFilter, SosFilter, WindowCutter

Array = NDArray[np.float64]


def features_of(windows: Array) -> Array:
    """Return (N, 561) of half-overlapping windows (N, 128, 6), g and rad/s, in their order.

    Windows of which one begins in the middle of the last are joined again before the filters.
    """
    continued = (windows[1:, :STEP] == windows[:-1, STEP:]).all(axis=(1, 2))
    filtered, following = [], []
    for part in np.split(windows, np.flatnonzero(~continued) + 1):
        values = np.concatenate([part[0], *part[1:, STEP:]])
        noise = SosFilter(np.array(UCI_HAR.sections))
        for stage in (MedianFilter(UCI_HAR.median_steps), noise, GravitySplit()):
            values = joined(stage.push(values), stage.finish())
        cutter = WindowCutter(LENGTH, STEP)
        for cut in (cutter.push(values), cutter.finish()):
            if len(cut.starts):
                filtered.append(cut.values)
                following.append(cut.following)
    return extract_features(
        np.concatenate(filtered),
        FILTERED_CHANNELS,
        RATE_HZ,
        FILTERED_UNITS,
        filtered=True,
        following=np.concatenate(following),
    )
