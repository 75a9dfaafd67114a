"""What holds for all sequences of a data set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SequenceFacts:
    """What holds for all sequences of a data set; kept in the parquet file's metadata."""

    dataset: str
    classes: tuple[str, ...]  # a label is an index into them
    channels: tuple[str, ...]  # in the order of the last axis
    units: tuple[str, ...]  # one a channel, for example `g` or `rad/s`
    rate_hz: float
    simulated: bool = False  # everything made of simulated recordings says so
