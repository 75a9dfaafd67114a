"""Layout of a table for reading, one for all formats: headings, rounded cells, caption."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.statistics import LEVEL
from harmodels.reporting.labels import key_label, measure_label, name_text
from harmodels.reporting.tables.cells import PUBLISHED, is_whole, partial, printed
from harmodels.reporting.tables.spec import Table

MISSING = "\N{EN DASH}"
SIMULATED = "SIMULATED recordings: these numbers say nothing about people."


class Cell(NamedTuple):
    """One printed cell: our number, the published one (or empty), mark and significance.

    `line` is the line of the table's CSV file that holds the number, the headings being line 1;
    0 for what is printed without a line of its own.
    """

    text: str
    published: str = ""
    mark: str = ""
    significant: bool = False
    line: int = 0


class Block(NamedTuple):
    """Columns under one heading; the heading is empty where a table has a single block."""

    title: str
    headings: list[str]


class Layout(NamedTuple):
    """A table as it is read, row by row."""

    caption: list[str]
    keys: list[str]
    blocks: list[Block]
    rows: list[tuple[list[str], list[Cell]]]


def lay_out(table: Table) -> Layout:
    """Return headings, rounded cells and the sentences of the caption, the title first."""
    cells = table.cells
    blocks, columns = [], []
    for group, part in cells.groupby("group", sort=False):
        measures = list(part["measure"].unique())
        headings = [table.spec.heading(measure) for measure in measures]
        columns += [(group, measure) for measure in measures]
        if (part["diverged"] > 0).any():
            headings.append("Diverged")
            columns.append((group, "diverged"))
        blocks.append(Block(str(group), headings))
    shown = cells.loc[cells["published"].notna(), ["group", "measure"]]
    published = set(shown.itertuples(index=False, name=None))
    rows = [
        _row(list(_as_tuple(values)), part, columns, published) for values, part in _rows_of(table)
    ]
    return Layout(caption(table), [key_label(key) for key in table.keys], blocks, rows)


def caption(table: Table) -> list[str]:
    """Return the caption's sentences: title, what a cell is, what the marks mean."""
    cells = table.cells.loc[table.cells["statistic"] != PUBLISHED]
    sentences = [table.spec.title.rstrip(".") + "."]
    if table.simulated:
        sentences.append(SIMULATED)
    sentences += [table.spec.spread] if table.spec.spread else _spread_sentences(cells)
    if (cells["statistic"] == "median").any():
        sentences.append("Epochs: median over replicates [smallest, largest].")
    if cells["published"].notna().any():
        sentences.append("In brackets the published number.")
    if table.spec.note:
        sentences.append(table.spec.note)
    if len(cells) < len(table.cells):
        sentences.append("Published rows: the report's networks [smallest, largest where several].")
    sentences += _mark_sentences(table)
    if (cells["diverged"] > 0).any():
        sentences.append("A diverged replicate has no last weights and is left out of their mean.")
    if partial(cells).any():
        sentences.append("A mean without its diverged replicates is neither bold nor italic.")
    return sentences


def _spread_sentences(cells: pd.DataFrame) -> list[str]:
    """Say what a mean is over, and what its brackets are an interval over."""
    few, many = int(cells["replicates"].min()), int(cells["replicates"].max())
    count = str(many) if few == many else f"{few} to {many}"
    tested = cells["subjects"].max()
    over = "One replicate (random seed)" if many == 1 else f"Mean over {count} replicates (seeds)"
    level = f"{LEVEL:.0%}".replace("%", " %")
    sentences = []
    if tested > 1:
        which = "that" if many == 1 else "the widest of those over seeds, over people and over both"
        people = f"over the {tested:.0f} people tested" if many == 1 else f"({tested:.0f} tested)"
        sentences.append(f"{over} [{level} interval, {which} {people}].")
        others = cells["interval"].eq("seeds") & cells["subjects"].isna() & (cells["n"] > 1)
        if others.any():
            names = [measure_label(m) for m in dict.fromkeys(cells.loc[others, "measure"])]
            sentences.append(f"{', '.join(names)}: over seeds alone.")
    elif many == 1:
        sentences.append(f"{over}, so no interval.")
    else:
        sentences.append(f"{over} [{level} interval over seeds].")
    if (cells["subjects"] == 0).any():
        sentences.append("The data set names no subjects: nothing is known about other people.")
    return sentences


def _mark_sentences(table: Table) -> list[str]:
    marks = table.spec.marks
    if not marks:
        return ["Bold: best of its column."] if (table.cells["mark"] == "bold").any() else []
    if table.cells["significant"].any():
        pairs = "replicates and people" if (table.cells["subjects"] > 1).any() else "replicates"
        marks += f" †: the interval of the difference, paired over {pairs}, excludes zero."
    return [marks]


def _rows_of(table: Table) -> list[tuple[Any, pd.DataFrame]]:
    if not table.keys:
        return [((), table.cells)]
    return list(table.cells.groupby(list(table.keys), sort=False, dropna=False))


def _row(
    values: list[Any],
    part: pd.DataFrame,
    columns: list[tuple[Any, str]],
    published: set[tuple[Any, Any]],
) -> tuple[list[str], list[Cell]]:
    blocks: dict[Any, list[dict[Any, Any]]] = {}
    for record in part.assign(line=part.index + 2).to_dict("records"):
        blocks.setdefault(record["group"], []).append(record)
    cells = []
    for group, measure in columns:
        block = blocks.get(group, [])
        if measure == "diverged":
            cells.append(_diverged_cell(block))
            continue
        found = next((record for record in block if record["measure"] == measure), None)
        cells.append(
            Cell(MISSING)
            if found is None
            else _cell(found, (group, measure) in published)._replace(line=found["line"])
        )
    return [name_of(value) for value in values], cells


def _diverged_cell(block: list[dict[Any, Any]]) -> Cell:
    if not block:
        return Cell(MISSING)
    first = block[0]
    return Cell(f"{first['diverged']} of {first['replicates']}")


def _cell(row: Mapping[Any, Any], has_published: bool) -> Cell:
    whole = is_whole(row["statistic"], row["measure"])
    published = ""
    if has_published and row["statistic"] != PUBLISHED:
        published = MISSING if np.isnan(row["published"]) else printed(row["published"], whole)
    if row["n"] == 0:
        return Cell(MISSING, published)
    text = printed(row["value"], whole)
    if row["n"] > 1 if whole else not np.isnan(row["low"]):
        text += f" [{printed(row['low'], whole)}, {printed(row['high'], whole)}]"
    return Cell(text, published, row["mark"], bool(row["significant"]))


def name_of(value: Any) -> str:
    """Return a value of a key as printed; a dash where the row has none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return MISSING
    return name_text(value.item() if isinstance(value, np.generic) else value)


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)
