"""Loading of a saved model: the estimators by the names that model.json gives them."""

from collections.abc import Mapping
from pathlib import Path

from harmodels.estimators import classifiers
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.exports import model_folder

ARCHITECTURES: Mapping[str, type[NetworkClassifier]] = {
    kind.__name__: kind
    for kind in (
        classifiers.ElmanClassifier,
        classifiers.GRUClassifier,
        classifiers.HierarchicalClassifier,
        classifiers.LSTMClassifier,
        classifiers.MLPClassifier,
    )
}


def load_model(folder: str | Path) -> NetworkClassifier:
    """Return the fitted estimator of a folder that `save` or the rule `export_model` wrote.

    It predicts the same as the one that was saved; its card is `card_`, None without one. The
    course of its training (`history_`) is not part of a model.

    Raises
    ------
    ModelError
        Naming the file, if it is missing, damaged, of a newer format, or of an architecture that
        this version does not know.

    Examples
    --------
    >>> import tempfile, numpy as np, harmodels
    >>> rng = np.random.default_rng(0)
    >>> model = harmodels.GRUClassifier(4, epochs=2, random_state=1)
    >>> X = rng.normal(size=(12, 20, 3))
    >>> _ = model.fit(X, ["rest", "walk"] * 6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(folder)
    ...     again = harmodels.load(folder)
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    return model_folder.load_model(folder, ARCHITECTURES)
