"""Baselines from scikit-learn on the same split: what a network has to beat."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.config.options import Baseline

Features = NDArray[np.float32]


def fit_baseline(options: Baseline, features: Features, labels: NDArray[np.int64]) -> Any:
    """Return a fitted scikit-learn classifier for features (n, D) and labels (n,)."""
    # imported here: every training job imports this module, few fit a baseline
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    models = {
        "majority": DummyClassifier(strategy="prior"),
        "logistic_regression": LogisticRegression(C=options.inverse_regularisation, max_iter=2000),
        "linear_svm": LinearSVC(C=options.inverse_regularisation, dual=False, max_iter=5000),
    }
    return models[options.model].fit(features, labels)


def baseline_scores(classifier: Any, features: Features, classes: int) -> NDArray[np.float32]:
    """Return (n, C) scores: log-probabilities or distances; a class never seen gets the lowest."""
    if hasattr(classifier, "decision_function"):
        seen = classifier.decision_function(features)
    else:
        seen = classifier.predict_log_proba(features)
    if seen.ndim == 1:
        seen = np.stack([-seen, seen], axis=1)  # two classes
    scores = np.full((len(features), classes), seen.min() - 1, dtype=np.float32)
    scores[:, classifier.classes_] = seen
    return scores


def baseline_weights(classifier: Any) -> dict[str, Tensor]:
    """Return what the classifier learnt, with a leading replicate axis of one."""
    if hasattr(classifier, "class_prior_"):
        return {"class_prior": torch.from_numpy(classifier.class_prior_.copy())[None]}
    return {
        "coefficients": torch.from_numpy(classifier.coef_.astype(np.float64))[None],
        "intercepts": torch.from_numpy(classifier.intercept_.astype(np.float64))[None],
    }
