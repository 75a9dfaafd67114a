"""Card of a model: what it reads, what it was trained on, and how well it did there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from harmodels.data.features.mapping import AffineMap

Bounds = tuple[float, float]


@dataclass(frozen=True)
class NoiseFilter:
    """A causal filter that a recording passes before windows are cut from it.

    First a running median, then second-order sections, which start as if the first sample had
    stood there for ever.

    Attributes
    ----------
    median_steps
        Odd number of samples of the running median, centred; 1 is none.
    sections
        Rows b0, b1, b2, a0, a1, a2, as `scipy.signal.sosfilt` takes them.
    """

    median_steps: int
    sections: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Normalisation:
    """What each channel is scaled by: (value - offset) / scale.

    Attributes
    ----------
    offset, scale
        One number a channel.
    """

    offset: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class TrainingData:
    """The recordings that a model was trained on.

    Attributes
    ----------
    name
        Of the data set.
    simulated
        Whether a generator made them.
    sha256
        Of the table that the training read.
    licence, citation
        Terms and source; whoever passes the model on should pass on both.
    worn
        Where and how the sensor was worn.
    """

    name: str
    simulated: bool = False
    sha256: str | None = None
    licence: str = ""
    citation: str = ""
    worn: str = ""


@dataclass(frozen=True)
class Accuracy:
    """Share of test sequences that were classified correctly, mean over the networks.

    Attributes
    ----------
    value
        The share.
    over_people, over_seeds
        Bounds of the 95 % intervals for other people and for other random numbers; None where
        there was one person or one network.
    people, networks, sequences
        How many of each.
    """

    value: float
    over_people: Bounds | None = None
    over_seeds: Bounds | None = None
    people: int = 1
    networks: int = 1
    sequences: int = 0


@dataclass(frozen=True)
class ModelCard:
    """What one has to know of a model to use it on a recording.

    Attributes
    ----------
    channels, units
        Of a recording, in the order of the last axis; of a model of the 561 features, the signals
        that these are computed from.
    rate_hz
        Samples a second.
    data
        The recordings that it was trained on.
    window_steps, window_step
        Samples of a window, and from one start to the next; None where it reads whole recordings.
    noise_filter
        What the recordings passed before they were cut, or None.
    normalisation
        How the channels are scaled after it, or None.
    features
        The map of the 561 features to the scale of the training, or None where the network reads
        the channels.
    accuracy
        On test data, or None.
    origin
        How it was made, for example report, experiment and configuration.

    Raises
    ------
    ValueError
        If the fields contradict each other.
    """

    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    data: TrainingData
    window_steps: int | None = None
    window_step: int | None = None
    noise_filter: NoiseFilter | None = None
    normalisation: Normalisation | None = None
    features: AffineMap | None = field(default=None, compare=False)
    accuracy: Accuracy | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.units) or not self.channels:
            raise ValueError(
                f"{len(self.channels)} channels and {len(self.units)} units; give each channel one"
            )
        if not 0 < self.rate_hz < np.inf:
            raise ValueError(f"rate_hz is {self.rate_hz}; it is a positive number of hertz")
        if (self.window_steps is None) != (self.window_step is None):
            raise ValueError("give both window_steps and window_step, or neither")
        for name in ("window_steps", "window_step"):
            if (getattr(self, name) or 1) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is at least 1")
        scaled = self.normalisation
        if scaled and not len(scaled.offset) == len(scaled.scale) == len(self.channels):
            raise ValueError(
                f"normalisation has {len(scaled.offset)} offsets and {len(scaled.scale)} scales "
                f"for {len(self.channels)} channels"
            )
        if scaled and not all(scaled.scale):
            raise ValueError("normalisation.scale holds 0; leave a constant channel unscaled (1)")
        if self.noise_filter and self.noise_filter.sections:
            sosfilt(np.array(self.noise_filter.sections), np.zeros(1))  # says what is wrong

    @property
    def inputs(self) -> int:
        """Numbers a step that the network reads."""
        return len(self.channels) if self.features is None else len(self.features.slope)


def normalise(values: NDArray[np.float64], card: ModelCard) -> NDArray[np.float64]:
    """Return values (…, D) on the scale of the network."""
    scaled = card.normalisation
    if scaled is None:
        return values
    return (values - np.array(scaled.offset)) / np.array(scaled.scale)
