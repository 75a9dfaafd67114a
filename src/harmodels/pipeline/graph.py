"""A picture of the pipeline, its rules as boxes, from what `snakemake --rulegraph` prints.

`make graph` writes it. The layout is that of Sugiyama, Tagawa and Toda (1981), in its simplest
form: layers by the longest path, order within a layer by the mean place of the neighbours.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

Edge = tuple[str, str]

NODE = re.compile(r'^\s*(\d+)\[label = "([^"]+)"', re.MULTILINE)
EDGE = re.compile(r"^\s*(\d+) -> (\d+)\s*$", re.MULTILINE)
LEFT_OUT = "all"  # it gathers the others and does nothing
WIDTH, HEIGHT, GAP, RISE, MARGIN = 168, 34, 22, 62, 10  # of a box, between boxes and layers
PASSAGE = 24  # the width that an edge takes where it passes a layer
SWEEPS = 60

# The first match gives the colour; text is dark on every one, so that they suit any background.
COLOURS = (
    ("train_", "#f6c177"),
    ("provenance", "#d5c4f1"),
    ("table|figure|claims|page|preview|compare", "#a9d8b8"),
    ("", "#a8cdf0"),
)


class Picture(NamedTuple):
    """Layers of rules, top to bottom, and the centre of each rule and passage."""

    edges: list[Edge]
    paths: list[list[str]]
    x: dict[str, float]
    layer: dict[str, int]


def read_graph(dot: str) -> list[Edge]:
    """Return the edges from rule to rule that are left when shorter ways are taken out.

    An edge is left out where a longer way leads from its beginning to its end.
    """
    names = dict(NODE.findall(dot))
    edges = {(names[a], names[b]) for a, b in EDGE.findall(dot)}
    edges = {edge for edge in edges if LEFT_OUT not in edge}
    after: dict[str, set[str]] = {}
    for rule in reversed(_sorted(edges)):
        following = {b for a, b in edges if a == rule}
        after[rule] = following.union(*(after[b] for b in following))
    return sorted(
        (a, b) for a, b in edges if not any((a, c) in edges and b in after[c] for c in after)
    )


def lay_out(edges: Sequence[Edge]) -> Picture:
    """Return where everything stands; an edge that passes a layer has a passage in it."""
    layer: dict[str, int] = {}
    for rule in _sorted(edges):
        layer[rule] = max((layer[a] + 1 for a, b in edges if b == rule), default=0)
    paths = []
    for a, b in edges:
        passages = [f"{a}>{b}@{level}" for level in range(layer[a] + 1, layer[b])]
        layer |= {name: level for level, name in enumerate(passages, start=layer[a] + 1)}
        paths.append([a, *passages, b])
    steps = [step for path in paths for step in pairwise(path)]
    rows = [
        sorted(name for name, level in layer.items() if level == row)
        for row in range(max(layer.values()) + 1)
    ]
    x = {name: float(place) * WIDTH for row in rows for place, name in enumerate(row)}
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = {name: _mean_of_neighbours(name, steps, x) for name in row}
            _place(sorted(row, key=lambda name: (wanted[name], name)), wanted, x)
    return Picture(list(edges), paths, x, layer)


def draw(picture: Picture) -> str:
    """Return the picture as SVG, without fonts or scripts from elsewhere."""
    left = min(x - _width(name) / 2 for name, x in picture.x.items()) - MARGIN
    right = max(x + _width(name) / 2 for name, x in picture.x.items()) + MARGIN
    top = {name: MARGIN + level * RISE for name, level in picture.layer.items()}
    height = max(top.values()) + HEIGHT + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.0f} 0 {right - left:.0f} '
        f'{height}" width="{right - left:.0f}" height="{height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="14" role="img">',
        "<title>The pipeline: each box is a rule, each line hands files on</title>",
        '<g fill="none" stroke="#8a8f98" stroke-width="1.6">',
    ]
    for path in picture.paths:
        points = [(picture.x[path[0]], top[path[0]] + HEIGHT)]
        for name in path[1:-1]:
            points += [(picture.x[name], top[name]), (picture.x[name], top[name] + HEIGHT)]
        points.append((picture.x[path[-1]], top[path[-1]]))
        lines.append(f'<path d="{_curve(points)}"/>')
    lines.append("</g>")
    for name in sorted(picture.layer):
        if not _is_passage(name):
            x, y = picture.x[name], top[name]
            lines.append(
                f'<rect x="{x - WIDTH / 2:.1f}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" '
                f'fill="{_colour(name)}"/><text x="{x:.1f}" y="{y + HEIGHT / 2 + 5:.1f}" '
                f'text-anchor="middle" fill="#1c2128">{escape(name.replace("_", " "))}</text>'
            )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _sorted(edges: Iterable[Edge]) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for a, b in sorted(edges):
        sorter.add(b, a)
    return list(sorter.static_order())


def _mean_of_neighbours(name: str, steps: Iterable[Edge], x: Mapping[str, float]) -> float:
    near = [x[a] for a, b in steps if b == name] + [x[b] for a, b in steps if a == name]
    return sum(near) / len(near)


def _place(order: Sequence[str], wanted: Mapping[str, float], x: dict[str, float]) -> None:
    """Place one layer from left to right, as near as may be to where each would like to be."""
    placed: list[float] = []
    for name in order:
        least = placed[-1] + _between(order[len(placed) - 1], name) if placed else wanted[name]
        placed.append(max(wanted[name], least))
    shift = sum(wanted[name] - at for name, at in zip(order, placed, strict=True)) / len(order)
    x.update({name: at + shift for name, at in zip(order, placed, strict=True)})


def _between(left: str, right: str) -> float:
    return (_width(left) + _width(right)) / 2 + GAP


def _width(name: str) -> int:
    return PASSAGE if _is_passage(name) else WIDTH


def _is_passage(name: str) -> bool:
    return ">" in name


def _curve(points: Sequence[tuple[float, float]]) -> str:
    text = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (y + to_y) / 2
        text += f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
    return text


def _colour(rule: str) -> str:
    return next(colour for pattern, colour in COLOURS if re.search(pattern, rule))


if __name__ == "__main__":
    sys.stdout.write(draw(lay_out(read_graph(sys.stdin.read()))))
