"""Figures: drawn by pure functions of a specification and runs, saved as SVG and PNG."""

from harmodels.reporting.figures.draw import draw_figure
from harmodels.reporting.figures.preview import draw_preview
from harmodels.reporting.figures.style import save_figure

__all__ = ["draw_figure", "draw_preview", "save_figure"]
