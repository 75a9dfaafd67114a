"""Fitted attributes that appear together, when a training has succeeded, and what they fit."""

from typing import Any, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from harmodels.estimators.labels import Labels
from harmodels.estimators.parameters import architecture_of

Model = TypeVar("Model")


def unfitted(model: Model) -> Model:
    """Return a copy without fitted attributes, which the model takes over when it is trained.

    A training that fails or is interrupted leaves the model as it was, fitted or not.
    """
    copy = object.__new__(type(model))
    vars(copy).update((k, v) for k, v in vars(model).items() if not k.endswith("_"))
    return copy


def check_fitted(model: Any) -> None:
    """Raise NotFittedError of an unfitted model, ValueError of one that is no more what was fitted.

    The weights mean nothing with another `pooling`, say.
    """
    check_is_fitted(model)
    for name, value in architecture_of(model).items():
        fitted = model.architecture_[name]
        if plain(value) != fitted:
            raise ValueError(
                f"{name} is {value!r}, and the network was trained with {name}={fitted!r}: fit it "
                "anew, or set that again"
            )


def check_continues(earlier: Any, model: Any, classes: Labels) -> None:
    """Raise ValueError unless `model`, which was read like its data, can begin as `earlier`."""
    found: Any
    known: Any
    for what, found, known in (
        ("classes", classes.tolist(), earlier.classes_.tolist()),
        ("channels", model.n_channels_in_, earlier.n_channels_in_),
        *(
            [("columns", list(model.feature_names_in_), list(earlier.feature_names_in_))]
            if hasattr(model, "feature_names_in_") and hasattr(earlier, "feature_names_in_")
            else []
        ),
        ("replicates", model.replicates, len(earlier.params_.output.bias)),
    ):
        if found != known:
            raise ValueError(
                f"warm_start continues a network of {what} {known}, and now they are {found}: fit "
                "with warm_start=False to begin anew"
            )


def plain(value: Any) -> Any:
    """Return numbers and lists of Python for those of numpy, as JSON has them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value
