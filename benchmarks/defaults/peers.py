"""What a skilled user would fit instead, each with `fit` and `score` on lists of (T_i, D)."""

import os
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from benchmarks.defaults.sets import Series

UNITS, BATCH, EPOCHS, UPDATES = 64, 16, 50, 1500


class Flat(TransformerMixin, BaseEstimator):
    """Sequences as rows of as many values as the longest one in training has, ended by zeros."""

    def fit(self, X: Series, y: Any = None) -> Self:
        """Take the longest sequence's length."""
        self.steps_ = max(map(len, X))
        return self

    def transform(self, X: Series) -> NDArray:
        """Return (n, T * D)."""
        rows = np.zeros((len(X), self.steps_, X[0].shape[1]))
        for row, x in zip(rows, X, strict=True):
            row[: len(x)] = x[: self.steps_]
        return rows.reshape(len(X), -1)


class Recurrent(ABC):
    """A bidirectional layer, mean and maximum over its steps, Adam, one cycle, clipping.

    Inputs are standardised by the training half's channels. The updates are as many as ours: 50
    epochs, or 1,500 updates where they are fewer.
    """

    def __init__(self, rate: float, seed: int) -> None:
        self.rate, self.seed = rate, seed

    def fit(self, X: Series, y: NDArray) -> Self:
        """Standardise and train."""
        steps = np.concatenate(X)
        self.mean, self.scale = steps.mean(0), steps.std(0) + 1e-8
        self.classes, labels = np.unique(y, return_inverse=True)
        batches = -(-len(X) // BATCH)
        self.train(self.scaled(X), labels, max(EPOCHS, -(-UPDATES // batches)), batches)
        return self

    def score(self, X: Series, y: NDArray) -> float:
        """Return the accuracy."""
        parts = (self.scaled(X[first : first + 256]) for first in range(0, len(X), 256))
        best = np.concatenate([self.logits(part).argmax(1) for part in parts])
        return float((self.classes[best] == y).mean())

    @abstractmethod
    def train(self, X: Series, labels: NDArray, epochs: int, batches: int) -> None:
        """Train on standardised sequences and labels from 0."""

    @abstractmethod
    def logits(self, X: Series) -> NDArray:
        """Return (n, C) of standardised sequences."""

    def scaled(self, X: Series) -> Series:
        """Return the sequences on the scale of training."""
        return [(x - self.mean) / self.scale for x in X]


class Torch(Recurrent):
    """torch.nn's own layer over padded sequences, packed where their lengths differ."""

    def __init__(self, layer: type[torch.nn.RNNBase], rate: float, seed: int) -> None:
        super().__init__(rate, seed)
        self.layer = layer

    def train(self, X: Series, labels: NDArray, epochs: int, batches: int) -> None:
        """Train with OneCycleLR as PyTorch has it."""
        torch.manual_seed(self.seed)
        self.rnn = self.layer(X[0].shape[1], UNITS, batch_first=True, bidirectional=True)
        self.output = torch.nn.Linear(4 * UNITS, len(self.classes))
        params = [*self.rnn.parameters(), *self.output.parameters()]
        optimiser = torch.optim.Adam(params, self.rate, fused=True)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.rate, epochs * batches, cycle_momentum=False
        )
        targets = torch.from_numpy(labels)
        for _ in range(epochs):
            for rows in torch.randperm(len(X)).split(BATCH):
                loss = torch.nn.functional.cross_entropy(
                    self.read([X[row] for row in rows]), targets[rows]
                )
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(params, 1.0)
                optimiser.step()
                cycle.step()

    def read(self, X: Series) -> torch.Tensor:
        """Return the logits (n, C)."""
        lengths = torch.tensor([len(x) for x in X])
        padded = pad_sequence([torch.as_tensor(x, dtype=torch.float32) for x in X], True)
        if lengths.min() == lengths.max():
            states = self.rnn(padded)[0]
            pooled = states.mean(1), states.amax(1)
        else:
            packed = pack_padded_sequence(padded, lengths, True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.rnn(packed)[0], True)
            beyond = (torch.arange(states.shape[1]) >= lengths[:, None])[:, :, None]
            pooled = states.sum(1) / lengths[:, None], states.masked_fill(beyond, -2).amax(1)
        return self.output(torch.cat(pooled, 1))

    def logits(self, X: Series) -> NDArray:
        """Return the logits (n, C) without a graph."""
        with torch.no_grad():
            return self.read(X).numpy()


class Keras(Recurrent):
    """Keras' GRU over padded and masked sequences, on the backend that KERAS_BACKEND names."""

    def train(self, X: Series, labels: NDArray, epochs: int, batches: int) -> None:
        """Train with a warm-up and a cosine's fall."""
        os.environ.setdefault("KERAS_BACKEND", "jax")
        import keras

        keras.utils.set_random_seed(self.seed)
        self.steps = max(map(len, X))
        inputs = keras.Input((self.steps, X[0].shape[1]))
        padded = min(map(len, X)) < self.steps
        read = keras.layers.Masking(-9.0)(inputs) if padded else inputs
        layer = keras.layers.GRU(UNITS, return_sequences=True)
        states = keras.layers.Bidirectional(layer)(read)
        pooled = [
            keras.layers.GlobalAveragePooling1D()(states),
            keras.layers.GlobalMaxPooling1D()(states),
        ]
        logits = keras.layers.Dense(len(self.classes))(keras.layers.Concatenate()(pooled))
        self.network = keras.Model(inputs, logits)
        updates = epochs * batches
        cycle = keras.optimizers.schedules.CosineDecay(
            self.rate / 25, updates * 7 // 10,
            warmup_target=self.rate, warmup_steps=updates * 3 // 10,
        )  # fmt: skip
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.network.compile(keras.optimizers.Adam(cycle, clipnorm=1.0), loss)
        self.network.fit(self.padded(X), labels, BATCH, epochs, verbose=0)

    def padded(self, X: Series) -> NDArray:
        """Return (n, T, D), ended by what is masked; what is longer than in training is cut."""
        array = np.full((len(X), self.steps, X[0].shape[1]), -9.0, np.float32)
        for row, x in zip(array, X, strict=True):
            row[: len(x)] = x[: self.steps]
        return array

    def logits(self, X: Series) -> NDArray:
        """Return the network's logits."""
        return self.network.predict(self.padded(X), verbose=0)


class MiniRocket:
    """aeon's MiniRocket, and sktime's where lengths differ."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, X: Series, y: NDArray) -> Self:
        """Fit the kernels' thresholds and a ridge classifier."""
        self.equal = len({len(x) for x in X}) == 1
        if self.equal:
            from aeon.classification.convolution_based import MiniRocketClassifier

            self.model = MiniRocketClassifier(random_state=self.seed, n_jobs=1)
        else:
            from sktime.transformations.rocket import MiniRocketMultivariateVariable

            self.rocket = MiniRocketMultivariateVariable(random_state=self.seed, n_jobs=1)
            self.model = make_pipeline(
                StandardScaler(with_mean=False), RidgeClassifierCV(np.logspace(-3, 3, 10))
            )
            self.rocket.fit([pd.DataFrame(x) for x in longer(X)])
        self.model.fit(self.features(X), y)
        return self

    def features(self, X: Series) -> Any:
        """Return (n, D, T) for aeon, or sktime's features (n, K)."""
        if self.equal:
            return np.stack(longer(X)).transpose(0, 2, 1).astype(float)
        return self.rocket.transform([pd.DataFrame(x) for x in longer(X)])

    def score(self, X: Series, y: NDArray) -> float:
        """Return the accuracy."""
        return float((self.model.predict(self.features(X)) == y).mean())


def longer(X: Series) -> Series:
    """Return the sequences with zeros at the end of less than 9 steps, the kernels' size."""
    return [np.pad(x, ((0, max(0, 9 - len(x))), (0, 0))) for x in X]
