"""Missing values of sequences, filled or cut out before a network reads them."""

from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import validate_data

from harmodels.estimators.inputs.sequences import is_matrix
from harmodels.messages import counted

CHECKS = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}


class FillGaps(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill the missing values (NaN, or masked) of sequences, or cut them out.

    It learns nothing, so no test sequence tells anything to a training. Steps count as evenly
    spaced in time.

    Parameters
    ----------
    how
        `interpolate`: each channel on a line from the value before a gap to the one after it; a gap
        at an edge takes the value beside it. `carry`: the value before the gap, at the start the
        one after it. `cut`: leave out every step at which any channel is missing, so that what
        lies before and after follow each other.
    longest
        Steps of the longest gap in a channel that is accepted; None accepts any.

    See Also
    --------
    sklearn.impute.SimpleImputer : fills from other rows, which for tables of features is right.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import FillGaps
    >>> X = np.array([[[0.0], [np.nan], [np.nan], [3.0], [np.nan]]])  # one sequence, one channel
    >>> FillGaps().fit_transform(X)[0, :, 0]
    array([0., 1., 2., 3., 3.])
    >>> FillGaps("carry").fit_transform(X)[0, :, 0]
    array([0., 0., 0., 3., 3.])
    >>> FillGaps("cut").fit_transform(X)
    [array([[0.],
           [3.]])]
    """

    def __init__(
        self,
        how: Literal["interpolate", "carry", "cut"] = "interpolate",
        longest: int | None = None,
    ) -> None:
        self.how = how
        self.longest = longest

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters.

        Parameters
        ----------
        X
            As for `transform`.
        y
            Ignored.

        Raises
        ------
        ValueError
            If a parameter is none of those above.
        """
        self._check_parameters()
        if is_matrix(X):
            validate_data(self, _unmasked(X), **CHECKS)
        return self

    def transform(self, X: Any) -> Any:
        """Return the sequences without missing values.

        Parameters
        ----------
        X
            (n, T, D), a list of n arrays or frames (T_i, D), or a table (n, T) of sequences of one
            channel.

        Returns
        -------
        filled
            Of the form of `X`; of `cut` a list of n arrays or frames.

        Raises
        ------
        ValueError
            If a gap is longer than `longest`, a channel of a sequence is missing altogether, or
            nothing is left of a sequence; it names sequence, step and channel.
        """
        self._check_parameters()
        X = _unmasked(X)
        if is_matrix(X):
            X = validate_data(self, X, reset=False, **CHECKS)
        filled = [self._fill(_unmasked(sequence), f"X[{i}]") for i, sequence in enumerate(X)]
        return np.stack(filled) if hasattr(X, "ndim") and self.how != "cut" else filled

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags: nothing is learned, and NaN is what it is for."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_parameters(self) -> None:
        if self.how not in ("interpolate", "carry", "cut"):
            raise ValueError(f"how is {self.how!r}; it is one of 'interpolate', 'carry', 'cut'")
        if self.longest is not None and self.longest < 0:
            raise ValueError(f"longest is {self.longest}; give a number of steps, or None for any")

    def _fill(self, sequence: Any, name: str) -> Any:
        values = check_array(sequence, ensure_2d=False, input_name=name, **CHECKS)
        frame = pd.DataFrame(values, columns=getattr(sequence, "columns", None))
        missing = frame.isna().to_numpy()
        self._check_gaps(missing, name)
        if not missing.any():
            kept = frame
        elif self.how == "interpolate":
            kept = frame.interpolate(limit_direction="both")
        elif self.how == "carry":
            kept = frame.ffill().bfill()
        else:
            kept = frame.dropna()
        if not len(kept):
            raise ValueError(
                f"{name} has no step at which every channel has a value: nothing is left to cut; "
                "interpolate, or leave the sequence out"
            )
        return (
            kept if hasattr(sequence, "columns") else kept.to_numpy().reshape(-1, *values.shape[1:])
        )

    def _check_gaps(self, missing: NDArray[np.bool_], name: str) -> None:
        """Refuse the first gap in a sequence (T, D) that is too long."""
        edges = np.diff(missing, axis=0, prepend=False, append=False)  # (T + 1, D)
        channels, steps = edges.T.nonzero()  # a gap's first step, then the one after its last
        for channel, first, end in zip(channels[::2], steps[::2], steps[1::2], strict=True):
            length = int(end - first)
            if length == len(missing):
                raise ValueError(
                    f"{name} holds no number in channel {channel}; leave the sequence out, or the "
                    "channel of all sequences"
                )
            if self.longest is not None and length > self.longest:
                raise ValueError(
                    f"{name} lacks {counted(length, 'step')} from step {first} in channel "
                    f"{channel}, more than longest={self.longest}; leave the sequence out, divide "
                    "it there, or raise longest"
                )


def _unmasked(values: Any) -> Any:
    """Return a masked array with NaN in place of what is masked, anything else as it is."""
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.filled(values.astype(np.promote_types(values.dtype, np.float32)), np.nan)
    return values
