"""Figures: drawn by pure functions of a specification and runs, saved as SVG and PNG.

Each kind, or a few that share their drawing, is one file: the keys of its specification, their
check and how it is drawn.
"""

from harmodels.reporting.figures import (  # noqa: F401 - each makes its kinds known
    gradients,
    losses,
    matrices,
    protocols,
    recalls,
    sweeps,
    training,
)
from harmodels.reporting.figures.spec import FigureSpec
from harmodels.reporting.figures.style import save_figure

__all__ = ["FigureSpec", "save_figure"]
