"""Progress of a training job, in its log and on the terminal."""

import time

from harmodels.runtime.log import LOGGER


class Progress:
    """Reports of a job's progress: every epoch in the log, one in `every_s` on the terminal."""

    def __init__(self, epochs: int, every_s: float = 10.0) -> None:
        self.epochs = epochs
        self.every_s = every_s
        self.started = time.monotonic()
        self.shown = -every_s
        self.reported = 0  # epochs of this process: a resumed job does not begin with the first
        self.sequences = 0

    def __call__(self, epoch: int, sequences: int, figures: dict[str, float]) -> None:
        """Report an epoch that went through `sequences` sequences of all replicates."""
        elapsed = time.monotonic() - self.started
        self.reported += 1
        self.sequences += sequences
        left = elapsed / self.reported * (self.epochs - epoch)
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
