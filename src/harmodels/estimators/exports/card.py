"""Card of a model: what it reads, what it was trained on, and how well it did there."""

from typing import Annotated, Any, Self

import numpy as np
import scipy  # its parts are loaded when they are first used, which few cards do
from numpy.typing import NDArray
from pydantic import Field, InstanceOf, model_validator

from harmodels.config.base import Number, Record, Several, key, wrong
from harmodels.data.features.mapping import AffineMap
from harmodels.data.look.gravity import Gravity
from harmodels.errors import ModelError

Bounds = Annotated[tuple[Number, Number], Field(strict=False)]


class _CardRecord(Record):
    """A part of the card, which may be made by position as well."""

    error = ModelError

    def __init__(self, *values: Any, **named: Any) -> None:
        by_position = zip(list(type(self).model_fields)[: len(values)], values, strict=True)
        super().__init__(**dict(by_position), **named)

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # as in Record


class NoiseFilter(_CardRecord):
    """A causal filter that a recording passes before windows are cut from it.

    First a running median, then second-order sections, which start as if every earlier
    sample had equalled the first.
    """

    median_steps: int = key(
        ..., "Odd number of samples of the running median, centred; 1 is none.", ge=0
    )
    sections: Several[Several[Number]] = key(
        ..., "Rows b0, b1, b2, a0, a1, a2, as `scipy.signal.sosfilt` takes them."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sections:
            scipy.signal.sosfilt(np.array(self.sections), np.zeros(1))  # says what is wrong
        return self


class Normalisation(_CardRecord):
    """What each channel is scaled by: (value - offset) / scale."""

    offset: Several[Number] = key(..., "One number a channel.")
    scale: Several[Number] = key(..., "One number a channel, none of them 0.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not all(self.scale):
            raise wrong("scale holds 0; leave a constant channel unscaled (1)")
        return self

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return offset and scale, (D,) each."""
        return np.array(self.offset, np.float64), np.array(self.scale, np.float64)


class TrainingData(_CardRecord):
    """The recordings that a model was trained on."""

    name: str = key(..., "Of the data set.")
    simulated: bool = key(False, "Whether a generator made them.")
    sha256: str | None = key(None, "Of the table that the training read.")
    licence: str = key("", "Terms, which whoever passes the model on should pass on.")
    citation: str = key("", "Source, to be passed on as well.")
    worn: str = key("", "Where and how the sensor was worn.")


FOLDS = "folds of people"  # tested by networks of the others; the model is trained on all


class Accuracy(_CardRecord):
    """Share of test sequences that were classified correctly, mean over the networks."""

    value: Number = key(..., "The share.")
    over_people: Bounds | None = key(
        None,
        "95 % interval for other people; None where there was one person, or people tested were "
        "trained on.",
    )
    over_seeds: Bounds | None = key(
        None, "95 % interval for other random numbers; None where there was one network."
    )
    people: int = key(1, "How many people; 0 where the data do not name them.", ge=0)
    networks: int = key(1, "How many networks.")
    sequences: int = key(0, "How many sequences.")
    trained_on: int | None = key(
        None,
        "How many of these people the model was trained or chosen on as well; None where that is "
        "not known.",
        ge=0,
    )
    protocol: str | None = key(
        None,
        f"How the test data were taken: a protocol of the workflow, or {FOLDS!r}, each tested by a "
        "network of the others, where the model itself was trained on all.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.trained_on or 0) > self.people:
            raise wrong(f"{self.trained_on} of {self.people} people cannot have been trained on")
        return self

    @property
    def whom(self) -> str:
        """On whom it was measured, as words after "accuracy"; other people only if known."""
        if self.trained_on is None:
            return "on its test data, maybe of people it was trained on"
        if self.trained_on == 0:
            if self.protocol == FOLDS:
                return "of networks like it on people they were not trained on"
            return f"on {'one person' if self.people == 1 else 'people'} it was not trained on"
        if self.people == 1:
            return "on other data of the person it was trained on"
        if self.trained_on == self.people:
            return f"on other data of the {self.people} people it was trained on"
        return f"on {self.people} people, {self.trained_on} of whom it was trained on"

    @property
    def for_others(self) -> Bounds | None:
        """The interval for other people, if nobody tested was trained on."""
        return self.over_people if self.trained_on == 0 else None


class ModelCard(_CardRecord):
    """What one has to know of a model to use it on a recording.

    Raises
    ------
    ValueError
        If a field is not of its type, or fields contradict each other.
    """

    channels: Several[str] = key(
        ...,
        "Of a recording, in the order of the last axis; of a model of the 561 features, the "
        "signals that these are computed from.",
    )
    units: Several[str] = key(..., "Of each channel.")
    rate_hz: Annotated[Number, Field(gt=0)] = key(..., "Samples a second.")
    data: TrainingData = key(..., "The recordings that it was trained on.")
    window_steps: int | None = key(
        None, "Samples of a window; None where it reads whole recordings.", ge=1
    )
    window_step: int | None = key(
        None, "Samples from one start to the next; None without windows.", ge=1
    )
    noise_filter: NoiseFilter | None = key(
        None, "What the recordings passed before they were cut, or None."
    )
    normalisation: Normalisation | None = key(
        None,
        "How the channels are scaled after it, or None; before the scaling that is a part of the "
        "network.",
    )
    features: InstanceOf[AffineMap] | None = key(
        None, "The map of the 561 features to the scale of the training; None without features."
    )
    gravity: Several[Gravity] | None = key(
        None,
        "What the accelerations of the training hold of gravity, by accelerometer of three axes; "
        "None where nothing is known of it.",
    )
    accuracy: Accuracy | None = key(None, "On test data, or None.")
    origin: dict[str, Any] = key({}, "How it was made: report, experiment, configuration.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.channels) != len(self.units) or not self.channels:
            raise wrong(
                f"{len(self.channels)} channels and {len(self.units)} units; give each channel one"
            )
        if (self.window_steps is None) != (self.window_step is None):
            raise wrong("give both window_steps and window_step, or neither")
        scaled = self.normalisation
        if scaled and not len(scaled.offset) == len(scaled.scale) == len(self.channels):
            raise wrong(
                f"normalisation has {len(scaled.offset)} offsets and {len(scaled.scale)} scales "
                f"for {len(self.channels)} channels"
            )
        return self

    def __eq__(self, other: object) -> bool:
        """Return whether all but the map of features is equal."""
        if not isinstance(other, ModelCard):
            return NotImplemented
        return self.model_dump(exclude={"features"}) == other.model_dump(exclude={"features"})

    @property
    def inputs(self) -> int:
        """Numbers a step that the network reads."""
        return len(self.channels) if self.features is None else len(self.features.slope)


def normalise(values: NDArray[np.float64], card: ModelCard) -> NDArray[np.float64]:
    """Return values (…, D) as the estimator reads them, which may scale them further."""
    if card.normalisation is None:
        return values
    offset, scale = card.normalisation.arrays()
    return (values - offset) / scale
