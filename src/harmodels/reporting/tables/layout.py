"""Layout of a table for reading, one for all formats: headings, rounded cells, caption."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.config.selection import humanise
from harmodels.evaluation.statistics import LEVEL
from harmodels.reporting.labels import class_text, key_label, measure_label, name_text
from harmodels.reporting.tables.cells import DIGITS, Table, partial

MISSING = "\N{EN DASH}"
SIMULATED = "SIMULATED recordings: these numbers say nothing about people."


class Cell(NamedTuple):
    """One printed cell: our number, the published one (or empty), mark and significance."""

    text: str
    published: str = ""
    mark: str = ""
    significant: bool = False


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
        headings = [_heading(table.kind, measure) for measure in measures]
        columns += [(group, measure) for measure in measures]
        if (part["diverged"] > 0).any():
            headings.append("Diverged")
            columns.append((group, "diverged"))
        blocks.append(Block(str(group), headings))
    rows = [_row(table, list(_as_tuple(values)), part, columns) for values, part in _rows_of(table)]
    return Layout(caption(table), [key_label(key) for key in table.keys], blocks, rows)


def caption(table: Table) -> list[str]:
    """Return the caption's sentences: title, what a cell is, what the marks mean."""
    cells = table.cells
    sentences = [table.title.rstrip(".") + "."]
    if table.simulated:
        sentences.append(SIMULATED)
    sentences.append(_spread_sentence(cells))
    if (cells["statistic"] == "median").any():
        sentences.append("Epochs: median over replicates [smallest, largest].")
    if cells["published"].notna().any():
        sentences.append("In brackets the published number.")
    sentences += _mark_sentences(table)
    if (cells["diverged"] > 0).any():
        sentences.append("A diverged replicate has no last weights and is left out of their mean.")
    if partial(cells).any():
        sentences.append("A mean without its diverged replicates is neither bold nor italic.")
    return sentences


def _heading(kind: str, measure: str) -> str:
    if kind == "class_recall":
        return humanise(class_text(measure))
    if kind == "subject_accuracy" and measure != "accuracy":
        return f"Subject {measure}"
    return measure_label(measure)


def _spread_sentence(cells: pd.DataFrame) -> str:
    few, many = int(cells["replicates"].min()), int(cells["replicates"].max())
    if many == 1:
        return "One replicate (random seed), so no interval."
    count = str(many) if few == many else f"{few} to {many}"
    return (
        f"Mean over {count} replicates (random seeds) ± half of the {LEVEL:.0%} "
        "interval (Student's t)."
    ).replace("%", " %")


def _mark_sentences(table: Table) -> list[str]:
    changes = {
        "last_against_best": "Bold: better with early stopping; italic: worse.",
        "side_by_side": "Bold: the right block is better than the left; italic: worse.",
    }
    if table.kind not in changes:
        return ["Bold: best of its column."] if (table.cells["mark"] == "bold").any() else []
    marks = changes[table.kind]
    if table.cells["significant"].any():
        marks += " †: the interval of the difference, paired over replicates, excludes zero."
    return [marks]


def _rows_of(table: Table) -> list[tuple[Any, pd.DataFrame]]:
    if not table.keys:
        return [((), table.cells)]
    return list(table.cells.groupby(list(table.keys), sort=False, dropna=False))


def _row(
    table: Table, values: list[Any], part: pd.DataFrame, columns: list[tuple[Any, str]]
) -> tuple[list[str], list[Cell]]:
    has_published = set(
        table.cells.loc[table.cells["published"].notna(), ["group", "measure"]].itertuples(
            index=False, name=None
        )
    )
    names = [name_text(_plain(value)) for value in values]
    cells = []
    for group, measure in columns:
        block = part[part["group"] == group]
        if measure == "diverged":
            cells.append(_diverged_cell(block))
        else:
            found = block[block["measure"] == measure]
            cells.append(
                _cell(found.iloc[0], (group, measure) in has_published)
                if len(found)
                else Cell(MISSING)
            )
    return names, cells


def _diverged_cell(block: pd.DataFrame) -> Cell:
    if block.empty:
        return Cell(MISSING)
    first = block.iloc[0]
    return Cell(f"{first['diverged']} of {first['replicates']}")


def _cell(row: "pd.Series[Any]", has_published: bool) -> Cell:
    median = row["statistic"] == "median"
    published = ""
    if has_published:
        published = MISSING if np.isnan(row["published"]) else _number(row["published"], median)
    if row["n"] == 0:
        return Cell(MISSING, published)
    text = _number(row["value"], median)
    if median and row["n"] > 1:
        text += f" [{_number(row['low'], True)}, {_number(row['high'], True)}]"
    elif row["n"] > 1:
        text += f" ± {(row['high'] - row['low']) / 2:.{DIGITS}f}"
    return Cell(text, published, row["mark"], bool(row["significant"]))


def _number(value: float, whole: bool) -> str:
    return f"{value:.4g}" if whole else f"{value:.{DIGITS}f}"


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return MISSING
    return value.item() if isinstance(value, np.generic) else value


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)
