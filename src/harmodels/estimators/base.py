"""The estimator behind every network: labels, validation, replicates, probabilities."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax, logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from harmodels.config.messages import counted
from harmodels.errors import HarmodelsError
from harmodels.estimators.exports import ExportMixin
from harmodels.estimators.fitting import all_or_none
from harmodels.estimators.hints import warn_if_not_learned, warn_of_scales
from harmodels.estimators.labels import (
    Indices,
    Labels,
    check_groups,
    encode,
    find_classes,
    held_out,
)
from harmodels.estimators.sequences import (
    Floats,
    check_columns,
    frame_columns,
    is_matrix,
    join,
    read_sequences,
    read_table,
)
from harmodels.nn.params import take_replicates
from harmodels.runtime.determinism import deterministic_torch
from harmodels.seeds import Purpose, generator
from harmodels.training.fit import EpochReport, Fit, Schedule, SplitIndices, fit
from harmodels.training.learners import (
    LEARNERS,
    Learner,
    SequenceTensors,
    index_tensor,
    make_learner,
)
from harmodels.training.stopping import AllEpochs, Patience

Engine = Literal["auto", "compiled", "reference"]


@dataclass(eq=False, repr=False, kw_only=True)
class NetworkClassifier(ExportMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What the classifiers share; a subclass names its training loop and its options.

    Attributes
    ----------
    classes_
        (C,) the labels, sorted.
    history_
        Frame of replicate, epoch, split, metric and value.
    replicates_
        Frame of each replicate's epochs, best epoch and reason to stop.
    params_
        The weights, each tensor with a leading axis of the replicates that did not diverge: those
        of the lowest validation loss where there is validation, otherwise the last.
    n_channels_in_
        Channels of the sequences that it was trained on.
    """

    replicates: int = 1
    validation_fraction: float = 0.0
    patience: int | None = None
    engine: Engine = "auto"
    device: str = "cpu"
    n_jobs: int | None = None
    random_state: Any = None
    verbose: int = 0

    @abstractmethod
    def _options(self) -> tuple[str, Any]:
        """Return the key of the training loop and its options."""

    def _row_as_sequence(self, X: Floats) -> Floats:
        """Return (n, T, 1): a row of a table is a sequence of one channel."""
        return X[:, :, None]

    def _log_probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log-probabilities of logits (…, C)."""
        return log_softmax(logits, axis=-1)

    @all_or_none
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        validation_data: tuple[Any, ArrayLike] | None = None,
    ) -> Self:
        """Train every replicate; what fails or is interrupted leaves the estimator as it was.

        Parameters
        ----------
        X
            (n, T, D), or a list of n arrays (T_i, D); a table (n, T) holds sequences of one
            channel, for the perceptron vectors of features.
        y
            (n,) labels of any kind.
        groups
            (n,) who was recorded. With `validation_fraction` each group is trained on or held
            out as a whole.
        validation_data
            Sequences and labels to validate on instead of a fraction of `X`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If sequences, labels or options are unusable, or every replicate diverged.
        """
        self._check_parameters(validated=validation_data is not None)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        sequences = self._read(X, reset=True)
        self.classes_, labels = find_classes(y, len(sequences))
        check_groups(groups, len(labels))
        warn_of_scales(sequences, getattr(self, "feature_names_in_", None))
        seed = self._seed()
        own = np.arange(len(labels))
        train, validation = [own] * self.replicates, None
        if validation_data is not None:
            sequences += self._read(validation_data[0], reset=False, name="X of validation_data")
            theirs = encode(validation_data[1], self.classes_, "y of validation_data")
            labels = np.concatenate([labels, theirs])
            validation = [np.arange(len(own), len(labels))] * self.replicates
        elif self.validation_fraction:
            parts = [
                held_out(labels, groups, self.validation_fraction, seed, replicate)
                for replicate in range(self.replicates)
            ]
            train, validation = ([part[side] for part in parts] for side in (0, 1))
        with _as_value_errors(), deterministic_torch():
            learner = self._learner()
            data = self._join(sequences, labels)
            schedule = Schedule(
                epochs=self.epochs,
                seed=seed,
                replicates=tuple(range(self.replicates)),
                monitor=self._options()[1].monitor,
                stopping=AllEpochs() if self.patience is None else Patience(self.patience),
            )
            with tqdm(total=self.epochs, unit="epoch", disable=not self.verbose) as bar:
                result = fit(
                    learner,
                    data,
                    SplitIndices(train, validation, own[:0]),
                    schedule,
                    lambda report: _show(bar, report, schedule.monitor),
                )
        self._keep(result, validated=validation is not None)
        warn_if_not_learned(self.history_, labels[train[0]], schedule.monitor)
        return self

    def predict_proba_all(self, X: Any) -> NDArray[np.float64]:
        """Return (R, n, C): the probabilities that each replicate gives to each class."""
        return np.exp(self._log_proba_all(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, C): the probability of each class, the mean over the replicates."""
        return np.exp(self._log_proba(X))

    def predict(self, X: Any) -> Labels:
        """Return (n,) the label of the highest probability."""
        best = self._log_proba(X).argmax(-1)
        return self.classes_[best]

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy.

        Raises
        ------
        ValueError
            If `y` holds a label that the network was not trained on.
        """
        check_is_fitted(self)
        encode(y, self.classes_)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: three axes are read too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_parameters(self, *, validated: bool) -> None:
        if self.replicates < 1:
            raise ValueError(f"replicates is {self.replicates}; train one network or more")
        if self.patience is None:
            return
        if self.patience < 1:
            raise ValueError(
                f"patience is {self.patience}; give 1 epoch or more, or None to train all epochs"
            )
        if not (validated or self.validation_fraction):
            raise ValueError(
                f"patience={self.patience} watches a validation loss; set validation_fraction, or "
                "give fit validation_data"
            )

    def _shared(self, options: type) -> dict[str, Any]:
        """Return the parameters that are options of the same name and meaning."""
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self.get_params(deep=False).items()
            if name in signature(options).parameters and name != "patience"
        }

    def _learner(self) -> Learner:
        training, options = self._options()
        engine = self.engine
        if engine == "auto":
            compiled = self.device == "cpu" and LEARNERS[training].is_compiled(options)
            engine = "compiled" if compiled else "reference"
        return make_learner(training, options, engine, threads_of(self.n_jobs))

    def _initial_params(self) -> Any:
        """Return untrained parameters of one network, for their names and shapes."""
        step = np.zeros((1, self.n_channels_in_), dtype=np.float32)
        with _as_value_errors():
            training, options = self._options()
            learner = make_learner(training, options, "reference", 1)
            data = self._join([step], np.zeros(1, dtype=np.int64))
            return learner.initialise([generator(0, Purpose.WEIGHTS)], data).params

    def _branches(self) -> Sequence[Sequence[int]] | None:
        return None

    def _join(self, sequences: list[Floats], labels: Indices) -> SequenceTensors:
        branches = self._branches()
        return replace(
            join(sequences, labels, len(self.classes_)),
            fingers=None if branches is None else torch.tensor(branches),
        ).to(self.device)

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _read(self, X: Any, *, reset: bool, name: str = "X") -> list[Floats]:
        if is_matrix(X):
            sequences = list(self._row_as_sequence(read_table(self, X, name, reset=reset)))
        else:
            sequences = read_sequences(X, name)
            check_columns(self, frame_columns(X, name), name, reset=reset)
        if reset:
            self.n_channels_in_ = sequences[0].shape[1]
        if sequences[0].shape[1] != self.n_channels_in_:
            table = (
                f", because {np.shape(X)} are {len(X)} sequences of one channel; one sequence of "
                "several channels is X[None]"
            )
            raise ValueError(
                f"{name} has {counted(sequences[0].shape[1], 'channel')}; the network was trained "
                f"on {self.n_channels_in_}{table * is_matrix(X)}"
            )
        return sequences

    def _keep(self, result: Fit, *, validated: bool) -> None:
        outcomes = result.outcomes
        usable = [i for i, outcome in enumerate(outcomes) if outcome.diverged_epoch is None]
        if not usable:
            raise ValueError(
                f"every replicate diverged (epoch {outcomes[0].diverged_epoch}); lower "
                f"learning_rate={self.learning_rate}, or scale the channels to about unit variance"
            )
        self.history_ = result.history()
        self.replicates_ = pd.DataFrame(vars(outcome.recorded()) for outcome in outcomes)
        self.params_ = take_replicates((result.best if validated else result.last).params, usable)
        self.n_iter_ = max(outcome.epochs for outcome in outcomes)

    def _log_proba_all(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        sequences = self._read(X, reset=False)
        with _as_value_errors(), deterministic_torch():
            unlabelled = np.zeros(len(sequences), dtype=np.int64)
            data = self._join(sequences, unlabelled)
            replicates = len(self.params_.output.bias)
            everything = [np.arange(len(sequences))] * replicates
            chosen = index_tensor(everything, data.labels.device)
            logits = self._learner().scores(self.params_, data, chosen)
        return self._log_probabilities(logits.cpu().double().numpy())

    def _log_proba(self, X: Any) -> NDArray[np.float64]:
        each = self._log_proba_all(X)
        return logsumexp(each, axis=0) - np.log(len(each))


class SigmoidOutputs:
    """Outputs that are trained each on its own, by a sigmoid and a binary cross-entropy."""

    _sigmoids = True

    def _log_probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithms of the sigmoids, scaled to add up to one."""
        each = log_expit(logits)
        return each - logsumexp(each, axis=-1, keepdims=True)


def threads_of(n_jobs: int | None) -> int:
    """Return how many threads `n_jobs` means: None is one, -1 all cores, -2 all but one."""
    if n_jobs == 0:
        raise ValueError("n_jobs is 0; give a number of threads, or -1 for all cores")
    if n_jobs is None or n_jobs > 0:
        return n_jobs or 1
    return max(1, (os.cpu_count() or 1) + 1 + n_jobs)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Turn errors on purpose into the kind that scikit-learn's users catch."""
    try:
        yield
    except HarmodelsError as error:
        raise ValueError(str(error)) from error


def _show(bar: Any, report: EpochReport, monitor: str) -> None:
    if bar.disable:
        return
    losses = {"loss": report.train.get(monitor, float("nan"))}
    if report.validation:
        losses["validation"] = report.validation[monitor]
    bar.set_postfix({name: f"{value:.4f}" for name, value in losses.items()}, refresh=False)
    bar.update()
