"""Options of the training loops; names, types, bounds and defaults stand in workflow/schemas."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TruncatedBptt:
    """Options of truncated BPTT (workflow/schemas/truncated_bptt.schema.yaml)."""

    learning_rate: float
    hidden: int
    window: int
    epochs: int
    clip: float
    recurrent_gradient: str
    initial_range: float
    monitor: str


OPTIONS = {"truncated_bptt": TruncatedBptt}
