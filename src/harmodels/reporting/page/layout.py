"""Tables as the page lays them out: settings in one column, results beside it, nothing empty."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harmodels.reporting.labels import brief_text, key_label
from harmodels.reporting.tables.closeness import FIGURE
from harmodels.reporting.tables.layout import MISSING, SIMULATED, Block, Layout, lay_out, name_of
from harmodels.reporting.tables.rows import EXPERIMENT
from harmodels.reporting.tables.spec import Table

EMPTY = ("", MISSING)
TITLES = (EXPERIMENT, FIGURE)  # keys whose values are titles, which need no words beside them


def page_layout(table: Table) -> Layout:
    """Return the layout with one column of settings and without columns that hold nothing.

    The caption says nothing of simulated recordings: the section around the table does.
    """
    layout = lay_out(table)
    kept = filled([cell.text for cell in cells] for _, cells in layout.rows)
    blocks, start = [], 0
    for title, headings in layout.blocks:
        shown = [name for i, name in enumerate(headings, start) if i in kept]
        start += len(headings)
        blocks += [Block(title, shown)] if shown else []
    rows = [
        ([settings_text(table.keys, keys)] if keys else [], [cells[i] for i in kept])
        for keys, cells in layout.rows
    ]
    caption = [sentence for sentence in layout.caption[1:] if sentence != SIMULATED]
    return Layout(caption, settings_heading(table.keys), blocks, rows)


def settings_heading(keys: Sequence[str]) -> list[str]:
    """Return the heading of the column of settings; none where a table has no keys."""
    return [key_label(keys[0]) if len(keys) == 1 else "Configuration"] if keys else []


def settings_text(keys: Sequence[str], values: Sequence[str]) -> str:
    """Return the printed settings of a row as one text; what it does not have is left out."""
    if len(keys) == 1:
        return values[0]
    held = {key: value for key, value in zip(keys, values, strict=True) if value != MISSING}
    titles = [held.pop(key) for key in TITLES if key in held]
    return ": ".join(part for part in (*titles, brief_text(held)) if part) or MISSING


def row_text(keys: Sequence[str], row: Mapping[Any, Any]) -> str:
    """Return the settings of a line of a CSV file as one text."""
    return settings_text(keys, [name_of(row[key]) for key in keys]) if keys else ""


def filled(rows: Iterable[Sequence[str]]) -> list[int]:
    """Return the numbers of the columns in which any row holds something."""
    return [i for i, column in enumerate(zip(*rows, strict=True)) if set(column) - set(EMPTY)]
