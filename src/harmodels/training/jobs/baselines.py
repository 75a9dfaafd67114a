"""Baselines from libraries on the same split: what a network has to beat."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.config.options import Baseline
from harmodels.data.sequences import Sequences
from harmodels.errors import TrainingError
from harmodels.runtime.log import LOGGER
from harmodels.seeds import Purpose, generator
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
    features = sequences.padded()
    if options.model != "minirocket":  # which takes the channels of a sequence apart
        features = features.reshape(len(sequences), -1)
    predictions, weights, outcomes = [], [], []
    for position, (replicate, train) in enumerate(
        zip(job.part.numbers, indices.train, strict=True)
    ):
        seed = int(generator(job.seed, Purpose.WEIGHTS, replicate).integers(2**31))
        classifier = fit_baseline(options, features[train], sequences.labels[train], seed)
        LOGGER.info("%s fitted, replicate %d", options.model, replicate)
        for split, rows in indices.by_split(position).items():
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
    return TrainingResult("scikit-learn" if options.model != "minirocket" else "sktime", outcomes)


def fit_baseline(
    options: Baseline, features: Features, labels: NDArray[np.int64], seed: int
) -> Any:
    """Return a fitted scikit-learn classifier for features (n, D), labels (n,) and a seed.

    MiniRocket takes sequences (n, T, D), and is the only one that the seed changes.
    """
    if options.model == "minirocket":
        return MiniRocket(seed).fit(features, labels)
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


class MiniRocket:
    """MiniRocket and a ridge classifier, as its authors recommend (Dempster et al. 2021).

    The seed is of its kernels. Raises TrainingError if sktime is not installed.
    """

    def __init__(self, seed: int):
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        try:
            from sktime.transformations.panel.rocket import MiniRocketMultivariate
        except ImportError as error:
            raise TrainingError(
                f"MiniRocket comes with sktime, which cannot be imported ({error}): "
                "pip install 'harmodels[peers]', or leave its experiments out of the configuration"
            ) from None
        self.kernels = MiniRocketMultivariate(random_state=seed, n_jobs=1)
        # not in the pipeline: sktime's transformers lack what scikit-learn's steps promise
        self.head = make_pipeline(
            StandardScaler(with_mean=False), RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        )

    @property
    def classes_(self) -> NDArray[np.int64]:
        """The labels seen."""
        return self.head.classes_

    @property
    def ridge(self) -> Any:
        """The classifier at the end."""
        return self.head[-1]

    def fit(self, sequences: Features, labels: NDArray[np.int64]) -> Self:
        """Fit kernels and classifier to sequences (n, T, D) and labels (n,)."""
        channels_first = sequences.transpose(0, 2, 1)
        self.head.fit(np.asarray(self.kernels.fit_transform(channels_first)), labels)
        return self

    def decision_function(self, sequences: Features) -> NDArray[np.float64]:
        """Return scores (n, C) of sequences (n, T, D)."""
        features = np.asarray(self.kernels.transform(sequences.transpose(0, 2, 1)))
        scores: NDArray[np.float64] = self.head.decision_function(features)
        return scores


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
    if isinstance(classifier, MiniRocket):  # whose kernels follow from its seed
        classifier = classifier.ridge
    if hasattr(classifier, "class_prior_"):
        return {"class_prior": torch.from_numpy(classifier.class_prior_.copy())[None]}
    return {
        "coefficients": torch.from_numpy(classifier.coef_.astype(np.float64))[None],
        "intercepts": torch.from_numpy(classifier.intercept_.astype(np.float64))[None],
    }
