"""The estimators as classifiers of aeon."""

from typing import Any, Self

from sklearn.base import clone

try:
    from aeon.classification.base import BaseClassifier
except ImportError as error:
    raise ImportError(
        "harmodels.adapters.aeon needs aeon: python -m pip install 'harmodels[aeon]'"
    ) from error

from harmodels.estimators import GRUClassifier


class AeonClassifier(BaseClassifier):  # type: ignore[misc]
    """An estimator that reads aeon's collections, with channels before time.

    Parameters
    ----------
    estimator
        A classifier of harmodels, or a pipeline that ends in one; `fit` trains a copy,
        `estimator_`. A perceptron refuses sequences of unequal lengths.

    Raises
    ------
    ImportError
        On import, if aeon is not installed.

    Examples
    --------
    >>> from aeon.testing.data_generation import make_example_3d_numpy
    >>> from harmodels import GRUClassifier
    >>> from harmodels.adapters.aeon import AeonClassifier
    >>> X, y = make_example_3d_numpy(n_cases=8, n_channels=3, n_timepoints=20)  # (n, D, T)
    >>> model = AeonClassifier(GRUClassifier(hidden=4, epochs=40, random_state=0))
    >>> model.fit(X, y).predict_proba(X).shape
    (8, 2)
    """

    _tags = {  # noqa: RUF012 - so it is declared in aeon
        "X_inner_type": ["numpy3D", "np-list"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
    }

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        super().__init__()

    def _fit(self, X: Any, y: Any) -> Self:
        self.estimator_ = clone(self.estimator).fit(_steps_first(X), y)
        return self

    def _predict(self, X: Any) -> Any:
        return self.estimator_.predict(_steps_first(X))

    def _predict_proba(self, X: Any) -> Any:
        return self.estimator_.predict_proba(_steps_first(X))

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"estimator": GRUClassifier(hidden=4, epochs=2)}


def _steps_first(X: Any) -> list[Any]:
    """Return n arrays (T_i, D) from (n, D, T) or a list of (D, T_i)."""
    return [sequence.T for sequence in X]
