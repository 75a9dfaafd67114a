"""Baselines from scikit-learn on the same split: what a network has to beat."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.config.options import Baseline
from harmodels.data.sequences import Sequences
from harmodels.runtime.log import LOGGER
from harmodels.training.fit import Fit, Outcome, SplitIndices
from harmodels.training.jobs.job import Job, weights_metadata
from harmodels.training.jobs.records import (
    TrainingResult,
    prediction_frame,
    write_frames,
    write_weights,
)
from harmodels.training.learners import State

Features = NDArray[np.float32]


def train_baselines(
    options: Baseline, sequences: Sequences, indices: SplitIndices, job: Job, folder: Path
) -> TrainingResult:
    """Fit one classifier a replicate and write history, predictions and weights."""
    features = sequences.padded().reshape(len(sequences), -1)
    predictions, weights, outcomes = [], [], []
    for replicate, train in enumerate(indices.train):
        classifier = fit_baseline(options, features[train], sequences.labels[train])
        LOGGER.info("%s fitted, replicate %d", options.model, replicate)
        for split, rows in indices.by_split(replicate).items():
            scores = baseline_scores(classifier, features[rows], len(sequences.facts.classes))
            predictions.append(
                prediction_frame(
                    sequences,
                    rows,
                    scores,
                    replicate=replicate,
                    checkpoint="last",
                    split=split,
                )
            )
        weights.append(baseline_weights(classifier))
        outcomes.append(Outcome(replicate, stop_reason="fitted"))
    history = Fit(State(()), State(()), []).history()
    write_frames(folder, history, predictions, sequences)
    stacked = {key: torch.cat([w[key] for w in weights]) for key in weights[0]}
    write_weights(folder / "weights.safetensors", stacked, weights_metadata(job))
    return TrainingResult("scikit-learn", outcomes)


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
