"""The 561 features keep scikit-learn's contract and say what is wrong with windows and maps."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from harmodels import HarFeatures
from harmodels.files import write_table

REST = np.repeat([[0.0, 0, 1, 0, 0, 0]], 128, axis=0)  # of a phone that lies on a table


@pytest.fixture
def windows():
    return REST + 0.05 * np.random.default_rng(0).normal(size=(4, 128, 6))


class OfRows(HarFeatures):
    """HarFeatures where scikit-learn's suite can reach it: a row shakes the phone."""

    def fit(self, X, y=None):
        return super().fit(shaken(validate_data(self, X)))

    def transform(self, X):
        check_is_fitted(self)
        return super().transform(shaken(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


def shaken(rows):
    steps = np.arange(128)[:, None] * np.arange(1, rows.shape[1] + 1)
    wave = (np.sin(0.3 * steps) * np.tanh(rows)[:, None]).mean(-1)
    return REST + 0.2 * wave[..., None]


@parametrize_with_checks([OfRows()])
def test_it_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


def test_its_tags_say_that_it_reads_three_axes_alone():
    tags = HarFeatures().__sklearn_tags__().input_tags
    assert (tags.two_d_array, tags.three_d_array, tags.sparse) == (False, True, False)


@pytest.mark.parametrize(
    ("spoil", "error", "text"),
    [
        (lambda x: x[0], ValueError, r"shape \(128, 6\), not \(N, 128, D\)"),
        (lambda x: x[:, 0], ValueError, r"shape \(4, 6\), not \(N, 128, D\)"),
        (lambda x: x[:0], ValueError, r"0 sample\(s\) .* minimum of 1 is required by HarFeatures"),
        (lambda x: x[..., :5], ValueError, "6 channel names and 6 units do not fit 5"),
        (lambda x: x + 1j, ValueError, "Complex data not supported"),
        (lambda x: scipy.sparse.csr_array(x[0]), TypeError, "Sparse data was passed"),
        (lambda x: np.where(np.arange(4) == 2, np.nan, x.T).T, ValueError, "window 2 holds NaN"),
        (lambda x: np.where(np.arange(4) == 1, np.inf, x.T).T, ValueError, "window 1 holds NaN or"),
    ],
)
def test_what_is_wrong_with_windows_is_said_in_fit_and_transform(windows, spoil, error, text):
    with pytest.raises(error, match=text):
        HarFeatures().fit(spoil(windows))
    fitted = HarFeatures().fit(windows)
    with pytest.raises(error, match=text):
        fitted.transform(spoil(windows))


def test_another_table_is_no_map(windows, tmp_path):
    other = tmp_path / "other.parquet"
    write_table(other, pd.DataFrame({"name": ["x"]}))
    features = HarFeatures(map=str(other))
    with pytest.raises(ValueError, match=r"other.parquet has no column 'slope'"):
        features.fit(windows)
    with pytest.raises(ValueError, match=r"none.parquet"):
        clone(features).set_params(map=tmp_path / "none.parquet").fit(windows)
