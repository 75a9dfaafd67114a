"""Refusals: what a model does not cover is named, not guessed."""

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.checks import RAW_CHANNELS
from harmodels.errors import ModelError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.exports.card import ModelCard

Array = NDArray[np.float64]

STILL = 1e-6  # of the largest value; less is no motion but the tail of a filter


def card_of(model: NetworkClassifier, name: str) -> ModelCard:
    """Return the card of a model that recordings can be classified by.

    Raises ModelError if it has none, or reads features of other channels.
    """
    card: ModelCard | None = getattr(model, "card_", None)
    if card is None:
        raise ModelError(
            f"{name} does not say which channels it reads: save it with a card, "
            "model.save(folder, ModelCard(…))"
        )
    if card.features is not None and (card.channels, card.rate_hz) != (RAW_CHANNELS, 50.0):
        raise ModelError(
            f"{name} reads the 561 features, which are computed from {', '.join(RAW_CHANNELS)} at "
            f"50 Hz, and its card names {', '.join(card.channels)} at {card.rate_hz:g} Hz"
        )
    return card


def stood_still(windows: Array) -> NDArray[np.bool_]:
    """Return for (N, T, D) whether nothing changed in the second half of each window."""
    half = windows[:, windows.shape[1] // 2 :]
    return (np.ptp(half, axis=1) <= STILL * np.abs(half).max(axis=1).clip(min=1e-3)).all(axis=1)
