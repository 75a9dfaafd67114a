"""Published numbers against reproduced ones, as an SVG picture within the page.

Each dot is a number of a table: across the published one, upward ours with its 95 % interval. A dot
on the diagonal reproduces what was published. Colours are classes of the page's style sheet, so
the picture is light or dark as the page is; each dot leads to the line of the CSV file.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from harmodels.evaluation.ties import within

SIZE, LEFT, TOP, RIGHT, BOTTOM = 300, 44, 10, 10, 40
MAIN = "top_1"  # drawn large and with its interval
TICKS = 0.1, 0.2, 0.25  # distances of the grid, the first that gives few enough lines
MOST_TICKS = 6


class Pair(NamedTuple):
    """A published number beside the mean and interval of our replicates."""

    name: str
    measure: str
    published: float
    value: float
    low: float
    high: float
    anchor: str

    @property
    def inside(self) -> bool:
        """Whether the interval of ours covers the published number."""
        return bool(within(self.published, self.low, self.high))


def main_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs of top-1 accuracies."""
    return [pair for pair in pairs if pair.measure == MAIN]


def dot_plot(pairs: Sequence[Pair], best: Pair | None = None) -> str:
    """Return the picture; `best` is ringed. An empty text if there is nothing to draw.

    The numbers are shares. Intervals are cut at 0 and 1, which no share leaves.
    """
    if not pairs:
        return ""
    least = min(
        min(pair.published, pair.low if pair.measure == MAIN else pair.value) for pair in pairs
    )
    start = math.floor(max(0.0, least - 0.02) * 10) / 10
    axis = _Axis(start, 1.0)
    # top-1 last, so that it lies above the others
    ordered = sorted(pairs, key=lambda pair: pair.measure == MAIN)
    parts = [
        f'<svg class="dots" viewBox="0 0 {SIZE} {SIZE}" aria-hidden="true" focusable="false">',
        *_frame(axis),
        *(_dot(pair, axis, ringed=pair == best) for pair in ordered),
        "</svg>",
    ]
    return "\n".join(parts)


class _Axis(NamedTuple):
    start: float
    end: float

    def x(self, value: float) -> float:
        return LEFT + self._share(value) * (SIZE - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return SIZE - BOTTOM - self._share(value) * (SIZE - TOP - BOTTOM)

    def ticks(self) -> list[float]:
        step = next((t for t in TICKS if (self.end - self.start) / t < MOST_TICKS), TICKS[-1])
        first = math.ceil(self.start / step - 1e-9)
        last = math.floor(self.end / step + 1e-9)
        return [round(i * step, 6) for i in range(first, last + 1)]

    def _share(self, value: float) -> float:
        return (min(max(value, self.start), self.end) - self.start) / (self.end - self.start)


def _frame(axis: _Axis) -> list[str]:
    left, right, top, bottom = LEFT, SIZE - RIGHT, TOP, SIZE - BOTTOM
    parts = []
    for tick in axis.ticks():
        x, y = axis.x(tick), axis.y(tick)
        parts += [
            f'<path class="grid" d="M{x:.1f},{top}V{bottom}M{left},{y:.1f}H{right}"/>',
            f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>',
        ]
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    return [
        *parts,
        f'<path class="diagonal" d="M{left},{bottom}L{right},{top}"/>',
        f'<text class="title" x="{middle_x}" y="{SIZE - 6}" text-anchor="middle">published</text>',
        f'<text class="title" x="12" y="{middle_y}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle_y})">reproduced</text>',
    ]


def _dot(pair: Pair, axis: _Axis, ringed: bool) -> str:
    x, y = axis.x(pair.published), axis.y(pair.value)
    label = (
        f"{pair.name}: published {pair.published:.3f}, "
        f"ours {pair.value:.3f} [{pair.low:.3f}, {pair.high:.3f}]"
    )
    main = pair.measure == MAIN
    bar = f'<path class="bar" d="M{x:.1f},{axis.y(pair.low):.1f}V{axis.y(pair.high):.1f}"/>'
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
    return (
        f'<a href={quoteattr("#" + pair.anchor)} tabindex="-1"><title>{escape(label)}</title>'
        f"{bar if main else ''}{ring if ringed else ''}"
        f'<circle class="{"main" if main else "other"}" cx="{x:.1f}" cy="{y:.1f}" '
        f'r="{4 if main else 2.2}"/></a>'
    )
