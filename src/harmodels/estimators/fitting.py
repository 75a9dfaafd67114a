"""Fitted attributes that appear together, when a training has succeeded."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Fit = TypeVar("Fit", bound=Callable[..., Any])


def all_or_none(fit: Fit) -> Fit:
    """Let `fit` set its attributes on an unfitted copy; the estimator takes them all at the end.

    A training that fails or is interrupted leaves the estimator as it was, fitted or not.
    """

    @wraps(fit)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        trained = object.__new__(type(self))
        vars(trained).update((k, v) for k, v in vars(self).items() if not k.endswith("_"))
        fit(trained, *args, **kwargs)
        self.__dict__ = vars(trained)  # one assignment: nothing can come between
        return self

    return train  # type: ignore[return-value]
