"""Progress of a training job, in its log and on the terminal."""

import time

from harmodels.runtime.log import LOGGER


class Progress:
    """Lines on how far a long job is: each epoch to the log, now and then to the terminal."""

    def __init__(self, epochs: int, every_s: float = 10.0) -> None:
        self.epochs = epochs
        self.every_s = every_s
        self.started = time.monotonic()
        self.shown = -every_s
        self.sequences = 0

    def __call__(self, epoch: int, sequences: int, figures: dict[str, float]) -> None:
        """Report an epoch that went through `sequences` sequences of all replicates."""
        elapsed = time.monotonic() - self.started
        self.sequences += sequences
        left = elapsed / epoch * (self.epochs - epoch)
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        due = elapsed - self.shown >= self.every_s or epoch == self.epochs
        if due:
            self.shown = elapsed
        LOGGER.info(
            "epoch %d of %d: %s; %.0f sequences/s, %d:%02d left",
            epoch,
            self.epochs,
            numbers,
            self.sequences / max(elapsed, 1e-9),
            *divmod(round(left), 60),
            extra={"log_only": not due},
        )
