"""What holds for all sequences of a data set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SequenceFacts:
    """What holds for all sequences of a data set; kept in the parquet file's metadata.

    Attributes
    ----------
    dataset
        Key of the data set in `config/datasets.yaml`.
    classes
        Class names; a label is an index into them.
    channels
        Channel names, in the order of the last axis.
    units
        One unit a channel, for example `g` or `rad/s`.
    rate_hz
        Samples a second.
    simulated
        Whether the recordings were made by a generator; everything made of them says so.
    """

    dataset: str
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    simulated: bool = False
