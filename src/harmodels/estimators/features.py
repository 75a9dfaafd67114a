"""The 561 features of UCI HAR as a transformer."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted

from harmodels.data.features.checks import RAW_CHANNELS, UNIT
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import AffineMap, apply_map, read_map
from harmodels.data.features.tables import map_to_range
from harmodels.estimators.fitting import as_value_errors


class HarFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Windows of total acceleration and angular velocity at 50 Hz to the 561 features of UCI HAR.

    The features are those of the data set, computed from the signals: all 561 columns correlate
    with the shipped ones at |r| ≥ 0.99 (docs/features.md).

    Parameters
    ----------
    map
        A file feature_map.parquet of the pipeline, or an AffineMap, that takes the features to the
        scale of the shipped ones; None scales each column of the windows fitted on to [-1, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import HarFeatures
    >>> rng = np.random.default_rng(0)
    >>> windows = rng.normal(size=(4, 128, 6), scale=0.05) + [0, 0, 1, 0, 0, 0]
    >>> HarFeatures().fit_transform(windows).shape
    (4, 561)
    """

    def __init__(self, map: str | Path | AffineMap | None = None) -> None:
        self.map = map

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Read the map, or find the range of each column.

        Parameters
        ----------
        X
            (n, 128, 6): total acceleration x, y, z in g, then angular velocity x, y, z in rad/s.
        y
            Ignored.

        Raises
        ------
        ValueError
            If there is no window, they have another shape, hold NaN, or cannot be in these units,
            or the file is no map.
        TypeError
            If `X` is sparse.
        """
        computed = self._compute(X)
        if self.map is None:
            self.map_ = map_to_range(computed, np.full(len(computed), "train"))
        elif isinstance(self.map, AffineMap):
            self.map_ = self.map
        else:
            with as_value_errors():
                self.map_ = read_map(self.map)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return (n, 561) features, cut to [-1, 1]."""
        check_is_fitted(self)
        return apply_map(self.map_, self._compute(X))

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags: windows have three axes, and no other shape is read."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _compute(self, X: ArrayLike) -> NDArray[np.float64]:
        # what is not finite is found by the features, which name the window
        windows = check_array(
            X, ensure_2d=False, allow_nd=True, ensure_all_finite=False, estimator=self
        )
        units = [UNIT[channel] for channel in RAW_CHANNELS]
        with as_value_errors():
            return extract_features(windows, RAW_CHANNELS, 50.0, units, filtered=False)
