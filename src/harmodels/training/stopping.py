"""Rules that end a replicate's training before its last epoch, from its losses so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class StoppingRule(Protocol):
    """Looks at the losses of the epochs so far, the newest last."""

    def reason(self, train: Sequence[float], validation: Sequence[float]) -> str | None:
        """Return why training ends now, or None to continue."""


@dataclass(frozen=True)
class AllEpochs:
    """Never ends early."""

    def reason(self, train: Sequence[float], validation: Sequence[float]) -> str | None:
        """Return None."""
        return None


@dataclass(frozen=True)
class Patience:
    """Ends when the validation loss has no new minimum for `epochs` epochs (rnn_minibatch)."""

    epochs: int

    def reason(self, train: Sequence[float], validation: Sequence[float]) -> str | None:
        """Compare the epoch of the minimum with the newest epoch."""
        since = len(validation) - 1 - validation.index(min(validation))
        if since < self.epochs:
            return None
        return f"no lower validation loss for {since} epochs"


@dataclass(frozen=True)
class LossGap:
    """Ends from epoch `after` on when both losses lie at least `gap` apart (mlp_features)."""

    after: int
    gap: float

    def reason(self, train: Sequence[float], validation: Sequence[float]) -> str | None:
        """Compare the newest losses."""
        apart = abs(validation[-1] - train[-1])
        if len(validation) < self.after or apart < self.gap:
            return None
        return f"validation and training loss are {apart:.3f} apart"
