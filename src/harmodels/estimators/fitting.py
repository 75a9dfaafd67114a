"""Fitted attributes that appear together, when a training has succeeded, and what they fit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sklearn.utils.validation import check_is_fitted

from harmodels.errors import HarmodelsError
from harmodels.estimators.parameters import architecture_of, check_parameters, plain

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

    The weights mean nothing with another `pooling`, say. A parameter that says how it runs may have
    changed, to something of its type.
    """
    check_is_fitted(model)
    check_parameters(model)
    for name, value in architecture_of(model).items():
        fitted = model.architecture_[name]
        if plain(value) != fitted:
            raise ValueError(
                f"{name} is {value!r}, and the network was trained with {name}={fitted!r}: fit it "
                "anew, or set that again"
            )


def check_continues(earlier: Any, model: Any) -> None:
    """Raise ValueError unless `earlier` reads and tells apart what `model` was just given."""
    found: Any
    known: Any
    for what, found, known in (
        ("classes", model.classes_.tolist(), earlier.classes_.tolist()),
        ("channels", model.n_channels_in_, earlier.n_channels_in_),
        ("columns", *(list(getattr(each, "feature_names_in_", ())) for each in (model, earlier))),
        ("replicates", model.replicates, len(earlier.params_.output.bias)),
    ):
        if found != known:
            raise ValueError(
                f"warm_start continues a network of {what} {known}, and now they are {found}: fit "
                "with warm_start=False to begin anew"
            )


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Turn errors on purpose into the kind that scikit-learn's users catch."""
    try:
        yield
    except HarmodelsError as error:
        raise ValueError(str(error)) from error


def threads_of(n_jobs: int | None) -> int:
    """Return how many threads `n_jobs` means: None is one, -1 all cores, -2 all but one."""
    if n_jobs == 0:
        raise ValueError("n_jobs is 0; give a number of threads, or -1 for all cores")
    if n_jobs is None or n_jobs > 0:
        return n_jobs or 1
    return max(1, (os.cpu_count() or 1) + 1 + n_jobs)
