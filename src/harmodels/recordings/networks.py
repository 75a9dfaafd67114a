"""Networks for recordings of one's own: trained, and judged on people they were not trained on.

Axes: N windows, T steps, D channels, C classes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from harmodels.assets import root
from harmodels.config.options import OPTIONS
from harmodels.config.yaml_files import read_yaml
from harmodels.data.features.mapping import AffineMap, apply_map
from harmodels.data.features.tables import map_to_range
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.classifiers import (
    ElmanClassifier,
    GRUClassifier,
    LSTMClassifier,
    MLPClassifier,
)
from harmodels.evaluation.confusion import row_fractions
from harmodels.evaluation.people import SubjectCounts, people_interval
from harmodels.evaluation.statistics import Interval
from harmodels.recordings.hold_out import Fold

Array = NDArray[np.float64]

REPORT = "own"  # in config/reports, whose experiments have the options
LEAST_UPDATES = 1500  # of the weights; fewer windows are passed through more often


@dataclass(frozen=True)
class Judged:
    """What networks say of windows of people that they were not trained on."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (N,)
    people: NDArray[np.str_]  # (N,)
    probabilities: Array  # (N, C)
    frequencies: Array  # (N, C) of the classes in the training

    @property
    def counts(self) -> NDArray[np.int64]:
        """(C, C) windows by true class (rows) and answer."""
        counts = np.zeros((len(self.classes),) * 2, dtype=np.int64)
        np.add.at(counts, (self.labels, self.probabilities.argmax(axis=1)), 1)
        return counts

    @property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return self._cross_entropy(self.probabilities)

    @property
    def loss_of_frequencies(self) -> float:
        """Mean cross-entropy of an answer that knows how often each class is, and nothing else."""
        return self._cross_entropy(self.frequencies)

    def _cross_entropy(self, probabilities: Array) -> float:
        of_labels = probabilities[np.arange(len(self.labels)), self.labels]
        return float(-np.log(of_labels.clip(min=1e-300)).mean())

    @property
    def largest_class(self) -> float:
        """Accuracy of an answer that is always the class most windows are of."""
        return float(np.bincount(self.labels).max() / len(self.labels))

    def accuracy(self) -> Interval:
        """Return the accuracy with its 95 % interval over people; no bounds for one person."""
        right = self.probabilities.argmax(axis=1) == self.labels
        people, number = np.unique(self.people, return_inverse=True)
        correct = np.bincount(number, weights=right).astype(np.int64)[None]
        names = tuple(str(name) for name in people)
        return people_interval(SubjectCounts((0,), names, correct, np.bincount(number)[None]))

    def worst(self) -> str:
        """Return a line on the class that is mistaken most often; empty where none is."""
        shares = row_fractions(self.counts)
        there = self.counts.sum(axis=1) > 0
        worst = int(np.where(there, np.diagonal(shares), 2.0).argmin())
        right = shares[worst, worst]
        if right == 1:
            return ""
        other = int(np.where(np.arange(len(shares)) == worst, -1.0, shares[worst]).argmax())
        name, mistaken = self.classes[worst], self.classes[other]
        taken = f"taken for {mistaken} in {shares[worst, other]:.1%}"
        return f"least recognised: {name}, right in {right:.1%} of its windows, {taken}"

    @classmethod
    def joined(cls, parts: Sequence["Judged"]) -> "Judged":
        """Return what several networks say of other windows each."""
        fields = ("labels", "people", "probabilities", "frequencies")
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in fields]
        return cls(parts[0].classes, *columns)


def make_network(kind: str, windows: int, epochs: int | None, seed: int) -> NetworkClassifier:
    """Return an untrained network with the options of the report `own`."""
    # the channels and features are scaled already; who validates is said by the fold
    shared: dict[str, Any] = {"scale": None, "validation_fraction": 0, "random_state": seed}
    if kind == "perceptron":
        # of the features, which the workflow computes of recordings of UCI HAR's form alone
        return MLPClassifier(
            (100, 50), batch_size=30, dropout=0.3, epochs=epochs or 50, patience=None, **shared
        )
    options = options_of(kind, windows, epochs)
    kinds: dict[str, Any] = {
        "gru": GRUClassifier,
        "lstm": LSTMClassifier,
        "elman": ElmanClassifier,
    }
    network = kinds[kind](**shared)
    names = set(network.get_params())
    every = OPTIONS["minibatch" if kind == "elman" else "recurrent"](**options).model_dump()
    return network.set_params(**{name: every[name] for name in every if name in names})


def options_of(kind: str, windows: int, epochs: int | None) -> dict[str, Any]:
    """Return the options of an experiment of the report `own`, for a training on N windows."""
    entry = read_yaml(root() / "config" / "reports" / f"{REPORT}.yaml")["experiments"][kind]
    options = {**entry["options"], **entry["configurations"][0]}
    needed = -(-LEAST_UPDATES * options["batch_size"] // windows)
    options["epochs"] = epochs or max(options["epochs"], needed)
    if epochs is None:
        options["patience"] = max(options["patience"], options["epochs"] // 3)
    return options


@dataclass(frozen=True)
class Windows:
    """What networks read of N windows: (N, T, D), or for a perceptron features (N, 561)."""

    values: Array
    labels: NDArray[np.int64]
    people: NDArray[np.str_]
    classes: tuple[str, ...]


def fit_network(
    network: NetworkClassifier, windows: Windows, fold: Fold
) -> tuple[NetworkClassifier, AffineMap | None]:
    """Train on a fold; of a perceptron, return the map of its features as well.

    Where people validate, the weights of the epoch are kept that does best on them.
    """
    values, features = windows.values, None
    if isinstance(network, MLPClassifier):
        side = np.full(len(values), "other")
        side[fold.train] = "train"
        features = map_to_range(values, side)
        values = apply_map(features, values)
    names = np.array(windows.classes)[windows.labels]
    validation = None
    if fold.validation is not None:
        validation = (values[fold.validation], names[fold.validation])
    else:
        network.set_params(patience=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `train_report.doubts` says it better
        network.fit(values[fold.train], names[fold.train], validation_data=validation)
    return network, features


def judge(
    network: NetworkClassifier, features: AffineMap | None, windows: Windows, fold: Fold
) -> Judged:
    """Return what a network says of the test windows of the fold that it was trained on."""
    values = windows.values[fold.test]
    if features is not None:
        values = apply_map(features, values)
    probabilities = np.zeros((len(values), len(windows.classes)))
    known = [windows.classes.index(str(name)) for name in network.classes_]
    probabilities[:, known] = network.predict_proba(values)
    frequencies = np.bincount(windows.labels[fold.train], minlength=len(windows.classes))
    return Judged(
        windows.classes,
        windows.labels[fold.test],
        windows.people[fold.test],
        probabilities,
        np.broadcast_to(frequencies / frequencies.sum(), probabilities.shape),
    )
