"""A line about trained weights."""

from pathlib import Path

from harmodels.runtime.checkpoints import read_checkpoint


def describe(path: Path) -> str:
    """Return the size of the weights."""
    weights = read_checkpoint(path).tensors["weights"]
    return f"norm of the weights: {float(weights.norm()):.6f}\n"
