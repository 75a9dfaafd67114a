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


@dataclass(frozen=True)
class Minibatch:
    """Options of mini-batch training (workflow/schemas/minibatch.schema.yaml)."""

    learning_rate: float
    hidden: int
    batch_size: int
    epochs: int
    initialisation: str
    optimiser: str
    clip_norm: float | None
    monitor: str
    patience: int | None
    test_every: int | None


@dataclass(frozen=True)
class Perceptron:
    """Options of a perceptron's training (workflow/schemas/perceptron.schema.yaml)."""

    batch_size: int
    hidden1: int
    hidden2: int
    learning_rate: float
    momentum: float
    dropout: float
    dropout_form: str
    reduction: str
    output_gradient: str
    epochs: int
    initial_range: float
    monitor: str
    stopping: str
    gap: float
    gap_after: int
    patience: int


@dataclass(frozen=True)
class Recurrent:
    """Options of recurrent classifiers (workflow/schemas/recurrent.schema.yaml)."""

    architecture: str
    cell: str
    hidden: int
    finger_hidden: int | None
    layers: int
    dropout: float
    batch_size: int
    learning_rate: float
    epochs: int
    initialisation: str
    monitor: str
    patience: int | None


@dataclass(frozen=True)
class Baseline:
    """Options of a baseline (workflow/schemas/baseline.schema.yaml)."""

    model: str
    inverse_regularisation: float


OPTIONS = {
    "truncated_bptt": TruncatedBptt,
    "minibatch": Minibatch,
    "perceptron": Perceptron,
    "recurrent": Recurrent,
    "baseline": Baseline,
}
