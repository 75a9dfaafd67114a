"""The estimator behind every network: its parameters, what it reads, probabilities."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from scipy.special import log_expit, log_softmax, logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state

from harmodels.estimators.epochs import LEAST_EPOCHS, LEAST_UPDATES
from harmodels.estimators.exports.mixin import ExportMixin
from harmodels.estimators.fitting import as_value_errors, check_fitted, threads_of, unfitted
from harmodels.estimators.inputs.labels import Indices, Labels, encode
from harmodels.estimators.inputs.scale import LARGEST_FACTOR, Doubles, Floats, scaled
from harmodels.estimators.inputs.sequences import (
    Values,
    check_columns,
    check_container,
    frame_columns,
    is_matrix,
    join,
    read_sequences,
    read_table,
)
from harmodels.estimators.inputs.validation import (
    FRACTION,
    LEAST_GROUPS,
    LEAST_PATIENCE,
    LEAST_SEQUENCES,
    PATIENT_UPDATES,
)
from harmodels.estimators.parameters import architecture_of, described, option, plain
from harmodels.estimators.training import Given, train
from harmodels.messages import counted, shown
from harmodels.nn.params import map_params
from harmodels.runtime.determinism import deterministic_torch
from harmodels.seeds import Purpose, generator
from harmodels.training.fit import EpochReport
from harmodels.training.jobs.devices import remedy_of, use_device
from harmodels.training.learners import (
    LEARNERS,
    Learner,
    SequenceTensors,
    index_tensor,
    make_learner,
)

AtLeastOne = Annotated[int, Field(ge=1)]


@described
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
    n_iter_
        Epochs of the replicate that was trained longest.
    params_
        The weights, each tensor with a leading axis of the replicates that did not diverge: those
        of the lowest validation loss where there is validation, otherwise the last. They are on
        the host, whatever the device.
    offset_
        (D,) what is subtracted from each channel; None where the channels are read as they are.
    scale_
        (D,) what each channel is divided by then, or None.
    n_channels_in_
        Channels of the sequences that it was trained on.
    architecture_
        The parameters that the weights are of; with others, predicting is refused.
    """

    _recurrent: ClassVar[bool] = True  # or it reads vectors of features
    scale: Literal["auto", "standard"] | None = option(
        "auto",
        "`standard` subtracts the mean of each channel over all steps of the training sequences "
        "and divides by the standard deviation; a constant channel is not divided. `auto` does so "
        f"where the standard deviations lie outside [1/{LARGEST_FACTOR:g}, {LARGEST_FACTOR:g}] or "
        f"differ by more than a factor of {LARGEST_FACTOR:g}. It is a part of the network, in "
        "every form that it is kept in.",
    )
    epochs: AtLeastOne | None = option(
        None,
        f"Passes through the sequences. None makes {LEAST_EPOCHS}, or as many as move the weights "
        f"{LEAST_UPDATES:,} times where that is more.",
    )
    replicates: AtLeastOne = option(
        1,
        "Networks that differ only in their random numbers and are trained as one; `predict_proba` "
        "is their mean.",
    )
    validation_fraction: float | Literal["auto"] = option(
        "auto",
        "Share of the sequences, or of the `groups`, that is held out; the weights of the lowest "
        f"validation loss are kept. 0 trains on all. `auto` holds out {FRACTION:g} of "
        f"{LEAST_SEQUENCES:,} sequences or more, with `groups` of {LEAST_GROUPS} people or more.",
    )
    patience: AtLeastOne | Literal["auto"] | None = option(
        "auto",
        "Epochs without a lower validation loss after which a replicate stops. None never stops. "
        f"`auto` waits {LEAST_PATIENCE} epochs, or {PATIENT_UPDATES:,} updates where that is more, "
        "and needs no validation.",
    )
    class_weight: Mapping[Any, float] | Literal["balanced"] | None = option(
        None,
        "Weights of the classes in the loss, as label to weight; `balanced` weighs each class by "
        "the inverse of its frequency, None all sequences alike.",
    )
    warm_start: bool = option(
        False,
        "Whether `fit` begins with the weights of the last one, and keeps its scale; the optimiser "
        "begins anew.",
    )
    callback: Callable[[EpochReport], object] | None = option(
        None,
        "Called after each epoch with an `EpochReport`; what returns True ends the training there.",
    )
    engine: Literal["auto", "compiled", "reference"] = option(
        "auto",
        "`compiled` runs on the CPU, `reference` on any device of torch; `auto` takes the first "
        "where it can.",
    )
    device: str = option(
        "cpu",
        "Of torch: `cpu`, `cuda` or one of several GPUs, as `cuda:1`. If a GPU was used before "
        "harmodels is imported, torch warns that its products are not deterministic.",
    )
    n_jobs: int | None = option(
        None, "Threads over which the replicates are spread; None is one, -1 takes all cores."
    )
    random_state: Any = option(
        None,
        "Seed of everything that is drawn; the same seed gives the same bytes on one kind of "
        "machine, whatever `n_jobs`.",
    )
    verbose: int = option(0, "1 shows a progress line.")

    @abstractmethod
    def _options(self) -> tuple[str, Any]:
        """Return the key of the training loop and its options."""

    def _row_as_sequence(self, X: Values) -> Values:
        """Return (n, T, 1): a row of a table is a sequence of one channel."""
        return X[:, :, None]

    def _log_probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log-probabilities of logits (…, C)."""
        return log_softmax(logits, axis=-1)

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
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
            (n,) who was recorded. Each group is trained on or held out as a whole. Through
            scikit-learn's searches they come by `sklearn.set_config(enable_metadata_routing=True)`
            and `set_fit_request(groups=True)` on the estimator.
        sample_weight
            (n,) weights of the sequences in the loss, of which only the ratios count; one of
            weight 0 is left out.
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
        trained = unfitted(self)
        earlier = self if self.warm_start and hasattr(self, "params_") else None
        train(trained, Given(X, y, groups, sample_weight, validation_data), earlier)
        self.__dict__ = trained.__dict__  # one assignment: nothing can come between
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
        labels = self.predict(X)
        encode(y, self.classes_, len(labels))
        return float(accuracy_score(y, labels, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: three axes are read too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _shared(self, options: type) -> dict[str, Any]:
        """Return the parameters that are options of the same name and meaning."""
        shared = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self.get_params(deep=False).items()
            if name in signature(options).parameters and name != "patience"
        }
        return {**shared, "epochs": LEAST_EPOCHS if self.epochs is None else shared["epochs"]}

    def _learner(self, training: str, options: Any) -> Learner:
        engine = self.engine
        if engine == "auto":
            compiled = self.device == "cpu" and LEARNERS[training].is_compiled(options)
            engine = "compiled" if compiled else "reference"
        return make_learner(training, options, engine, threads_of(self.n_jobs))

    def _initial_params(self) -> Any:
        """Return untrained parameters of one network, for their names and shapes."""
        step = np.zeros((getattr(self, "n_steps_in_", 1), self.n_channels_in_), dtype=np.float32)
        with as_value_errors():
            training, options = self._options()
            learner = make_learner(training, options, "reference", 1)
            data = self._join([step], np.zeros(1, dtype=np.int64))
            return learner.initialise([generator(0, Purpose.WEIGHTS)], data).params

    def _hold(
        self, params: Any, offset: Doubles | None = None, scale: Doubles | None = None
    ) -> None:
        """Take over the weights and the scale of a network, with what they are of."""
        self.params_, self.offset_, self.scale_ = params, offset, scale
        self.architecture_ = {name: plain(value) for name, value in architecture_of(self).items()}

    def _branches(self) -> Sequence[Sequence[int]] | None:
        return None

    def _join(
        self, sequences: list[Floats], labels: Indices, weights: Floats | None = None
    ) -> SequenceTensors:
        branches = self._branches()
        tensors = replace(
            join(sequences, labels, len(self.classes_)),
            fingers=None if branches is None else torch.tensor(branches),
            weights=None if weights is None else torch.from_numpy(weights),
        )
        try:
            return tensors.to(self.device)
        except (RuntimeError, AssertionError) as error:
            if remedy_of(error) is not None:
                raise
            why = str(error).splitlines()[0]
            raise ValueError(f"device is {self.device!r}, which torch refuses: {why}") from error

    def _seed(self) -> int:
        state = self.random_state
        if isinstance(state, int | np.integer) and state >= 0:
            return int(state)
        try:
            return int(check_random_state(state).randint(2**31 - 1))
        except ValueError:
            raise ValueError(
                f"random_state is {shown(state)}; it is a whole number of 0 or more, a "
                "numpy.random.RandomState or None"
            ) from None

    def _read(self, X: Any, *, reset: bool, name: str = "X") -> list[Values]:
        check_container(X, name)
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

    def _log_proba_all(self, X: Any) -> NDArray[np.float64]:
        check_fitted(self)
        sequences = scaled(self._read(X, reset=False), self.offset_, self.scale_)
        with as_value_errors(), use_device(self.device), deterministic_torch(self.device):
            unlabelled = np.zeros(len(sequences), dtype=np.int64)
            data = self._join(sequences, unlabelled)
            device = data.labels.device
            everything = [np.arange(len(sequences))] * len(self.params_.output.bias)
            params = map_params(lambda tensor: tensor.to(device), self.params_)
            chosen = index_tensor(everything, device)
            logits = self._learner(*self._options()).scores(params, data, chosen)
        scores = logits.cpu().double().numpy()
        if not np.isfinite(scores).all():
            index = int(np.argwhere(~np.isfinite(scores))[0, 1])
            raise ValueError(
                f"X[{index}] has scores that are not finite: its values, up to "
                f"{np.abs(sequences[index]).max():.3g} on the scale of the network, are too large "
                "for it; give them in the unit of the training"
            )
        return self._log_probabilities(scores)

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
