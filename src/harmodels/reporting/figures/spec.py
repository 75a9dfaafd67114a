"""The specification of a figure, whatever its kind.

Specifications are read while a run is planned, where nothing is drawn: matplotlib is imported by
the functions that draw.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from harmodels.config.base import Filled, Number, Text, key
from harmodels.config.selection import TITLE, Choosing, SplitName, Titled
from harmodels.reporting.figures.style import house_style, note_nothing
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRIC = (
    "A loss of history.parquet, or binary_cross_entropy_per_class: the recorded sum over the "
    "classes divided by their number."
)
SPLITS_SHOWN = "Which sequences, a line each."
LIMITS = (
    "Lowest and highest value shown, by default those of the replicates; a panel with none between "
    "them says so."
)
Limits = Annotated[tuple[Number, Number], Field(strict=False)]
Splits = Filled[SplitName]


class FigureSpec(ProductSpec):
    """Base of the kinds of figures."""

    noun: ClassVar[str] = "figure"

    title: Text = key(..., TITLE)

    def draw(self, given: Sources) -> Figure:
        """Draw the figure.

        Raises ConfigurationError if the option, the metric or a configuration does not exist.
        """
        with house_style():
            return self._draw(given)

    @abstractmethod
    def _draw(self, given: Sources) -> Figure:
        """Draw the figure of this kind, published data beside ours where it shows them."""


class Limited(FigureSpec):
    """A figure whose values may be shown in part."""

    limits: Limits | None = key(None, LIMITS)

    def draw(self, given: Sources) -> Figure:
        """Draw the figure; a panel in which nothing is to be seen says so."""
        figure = super().draw(given)
        for axes in figure.axes:
            note_nothing(axes)
        return figure


class Compared(Titled, Choosing):
    """One of the configurations compared."""
