"""The estimators as classifiers of sktime."""

from typing import Any, Self

from sklearn.base import clone

try:
    from sktime.classification.base import BaseClassifier
except ImportError as error:
    raise ImportError(
        "harmodels.adapters.sktime needs sktime: python -m pip install 'harmodels[sktime]'"
    ) from error

from harmodels.estimators import GRUClassifier, LSTMClassifier


class SktimeClassifier(BaseClassifier):  # type: ignore[misc]
    """An estimator that reads sktime's panels, in any of their forms.

    Parameters
    ----------
    estimator
        A classifier of harmodels, or a pipeline that ends in one; `fit` trains a copy,
        `estimator_`. A perceptron refuses sequences of unequal lengths.

    Raises
    ------
    ImportError
        On import, if sktime is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from harmodels import GRUClassifier
    >>> from harmodels.adapters.sktime import SktimeClassifier
    >>> X = np.random.default_rng(0).normal(size=(8, 3, 20))  # (n, D, T)
    >>> y = np.repeat(["sit", "walk"], 4)
    >>> model = SktimeClassifier(GRUClassifier(hidden=4, epochs=40, random_state=0))
    >>> model.fit(X, y).predict_proba(X).shape
    (8, 2)
    """

    _tags = {  # noqa: RUF012 - so it is declared in sktime
        "X_inner_mtype": "df-list",
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:predict_proba": True,
        "capability:categorical_in_X": False,
    }

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        super().__init__()

    def _fit(self, X: Any, y: Any) -> Self:
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def _predict(self, X: Any) -> Any:
        return self.estimator_.predict(X)

    def _predict_proba(self, X: Any) -> Any:
        return self.estimator_.predict_proba(X)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's checks."""
        return [{"estimator": each(hidden=4, epochs=2)} for each in (GRUClassifier, LSTMClassifier)]
