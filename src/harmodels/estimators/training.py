"""One training of a classifier: its data, validation, length and kept weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from harmodels.estimators.epochs import epochs_of, updates_an_epoch
from harmodels.estimators.fitting import as_value_errors, check_continues, check_fitted
from harmodels.estimators.inputs.hints import (
    warn_if_not_learned,
    warn_of_channels_first,
    warn_of_scales,
)
from harmodels.estimators.inputs.labels import Indices, encode, find_classes
from harmodels.estimators.inputs.scale import Floats, find_scale, scaled
from harmodels.estimators.inputs.sequences import Values
from harmodels.estimators.inputs.validation import (
    check_watched,
    hold_out,
    patience_in_epochs,
    read_groups,
)
from harmodels.estimators.inputs.weights import check_weights, class_weights, in_the_loss
from harmodels.estimators.parameters import check_parameters
from harmodels.messages import shown
from harmodels.nn.params import map_params, take_replicates
from harmodels.runtime.determinism import deterministic_torch
from harmodels.training.fit import EpochReport, Fit, Schedule, SplitIndices, begin, fit
from harmodels.training.jobs.devices import use_device
from harmodels.training.stopping import AllEpochs, Patience

if TYPE_CHECKING:
    from harmodels.estimators.base import NetworkClassifier


OF_VALIDATION = " of validation_data"


@dataclass(frozen=True)
class Given:
    """What `fit` was called with."""

    X: Any
    y: ArrayLike
    groups: ArrayLike | None = None
    sample_weight: ArrayLike | None = None
    validation_data: tuple[Any, ArrayLike] | None = None


@dataclass
class _Data:
    """Sequences to train on, and behind them those of `validation_data`, as they were given."""

    sequences: list[Values]
    labels: Indices
    groups: Indices | None
    weights: NDArray[np.float64] | None  # of the sequences to train on

    def __post_init__(self) -> None:
        self.own = np.arange(len(self.labels))  # the sequences to train on

    def weights_in_the_loss(self, model: "NetworkClassifier") -> Floats | None:
        labels = self.labels[self.own]
        of_classes = class_weights(model.class_weight, labels, model.classes_, self.weights)
        return in_the_loss(self.weights, of_classes, self.labels, len(labels))


def train(
    model: "NetworkClassifier", given: Given, earlier: "NetworkClassifier | None" = None
) -> None:
    """Set the fitted attributes of a model that has none; begin with the weights of `earlier`."""
    _check(model, given)
    data = _read(model, given)
    _find_scale(model, data, earlier)
    seed = model._seed()
    train, validation = _split(model, data, given, seed)
    weights = data.weights_in_the_loss(model)
    with as_value_errors(), use_device(model.device), deterministic_torch(model.device):
        training, options = model._options()
        lengths = np.array([len(sequence) for sequence in data.sequences])
        updates = min(updates_an_epoch(options, lengths[rows]) for rows in train)
        patience = patience_in_epochs(model.patience, updates)
        schedule = Schedule(
            epochs=epochs_of(model.epochs, updates),
            seed=seed,
            replicates=tuple(range(model.replicates)),
            monitor=options.monitor,
            stopping=Patience(patience) if patience and validation else AllEpochs(),
        )
        learner = model._learner(training, options.replaced(epochs=schedule.epochs))
        values = scaled(data.sequences, model.offset_, model.scale_)
        tensors = model._join(values, data.labels, weights)
        start = begin(learner, tensors, schedule)
        if earlier is not None:
            params = map_params(lambda tensor: tensor.to(model.device), earlier.params_)
            start.last = start.best = start.last._replace(params=params)
        indices = SplitIndices(train, validation, data.own[:0])
        with tqdm(total=schedule.epochs, unit="epoch", disable=not model.verbose) as bar:

            def report(epoch: EpochReport) -> bool:
                _show(bar, epoch, schedule.monitor)
                return model.callback is not None and bool(model.callback(epoch))

            result = fit(learner, tensors, indices, schedule, report, start=start)
    _keep(model, result, validated=validation is not None)
    first = train[0]
    warn_if_not_learned(
        model.history_,
        data.labels[first],
        None if weights is None else weights[first],
        schedule.monitor,
        is_scaled=model.scale_ is not None,
    )


def _check(model: "NetworkClassifier", given: Given) -> None:
    check_parameters(model)
    if given.y is None:
        raise ValueError(
            f"{type(model).__name__} requires y to be passed, but the target y is None"
        )


def _read(model: "NetworkClassifier", given: Given) -> _Data:
    """Return what is to be trained on, without sequences of weight 0; note the classes."""
    if model._recurrent:
        warn_of_channels_first(given.X)
    sequences = model._read(given.X, reset=True)
    model.classes_, labels = find_classes(given.y, len(sequences))
    groups = read_groups(given.groups, len(labels))
    weights = check_weights(given.sample_weight, sequences)
    if weights is None or weights.all():
        return _Data(sequences, labels, groups, weights)
    kept = np.flatnonzero(weights)
    groups = None if groups is None else groups[kept]
    model.classes_, labels = find_classes(model.classes_[labels[kept]], len(kept))
    return _Data([sequences[i] for i in kept], labels, groups, weights[kept])


def _find_scale(
    model: "NetworkClassifier", data: _Data, earlier: "NetworkClassifier | None"
) -> None:
    if earlier is None:
        model.offset_, model.scale_ = find_scale(data.sequences, model.scale) or (None, None)
    else:
        check_fitted(earlier)
        check_continues(earlier, model)
        model.offset_, model.scale_ = earlier.offset_, earlier.scale_
    if model.scale_ is None:
        warn_of_scales(data.sequences, getattr(model, "feature_names_in_", None))


def _split(
    model: "NetworkClassifier", data: _Data, given: Given, seed: int
) -> tuple[list[Indices], list[Indices] | None]:
    """Return what each replicate trains and validates on; append what was given to validate on."""
    train, validation = [data.own] * model.replicates, None
    if given.validation_data is not None:
        if not isinstance(given.validation_data, tuple | list) or len(given.validation_data) != 2:
            raise ValueError(
                f"validation_data is {shown(given.validation_data)}; it is a pair of sequences and "
                "their labels, (X, y)"
            )
        X, y = given.validation_data
        sequences = model._read(X, reset=False, name=f"X{OF_VALIDATION}")
        data.sequences += sequences
        theirs = encode(y, model.classes_, len(sequences), OF_VALIDATION)
        data.labels = np.concatenate([data.labels, theirs])
        validation = [np.arange(len(data.own), len(data.labels))] * model.replicates
    elif parts := hold_out(
        data.labels, data.groups, model.validation_fraction, seed, model.replicates
    ):
        train, validation = ([part[side] for part in parts] for side in (0, 1))
    check_watched(model.patience, model.validation_fraction, validation, len(data.own))
    return train, validation


def _keep(model: "NetworkClassifier", result: Fit, *, validated: bool) -> None:
    outcomes = result.outcomes
    usable = [i for i, outcome in enumerate(outcomes) if outcome.diverged_epoch is None]
    if not usable:
        scale = "" if model.scale_ is not None else ", or set scale='standard'"
        raise ValueError(
            f"every replicate diverged (epoch {outcomes[0].diverged_epoch}); lower "
            f"learning_rate={model.learning_rate}{scale}"
        )
    model.history_ = result.history()
    model.replicates_ = pd.DataFrame(vars(outcome.recorded()) for outcome in outcomes)
    params = take_replicates((result.best if validated else result.last).params, usable)
    model._hold(map_params(lambda tensor: tensor.cpu(), params), model.offset_, model.scale_)
    model.n_iter_ = max(outcome.epochs for outcome in outcomes)


def _show(bar: Any, report: EpochReport, monitor: str) -> None:
    if bar.disable:
        return
    losses = {"loss": report.train.get(monitor, float("nan"))}
    if report.validation:
        losses["validation"] = report.validation[monitor]
    bar.set_postfix({name: f"{value:.4f}" for name, value in losses.items()}, refresh=False)
    bar.update()
