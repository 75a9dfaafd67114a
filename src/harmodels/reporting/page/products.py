"""Tables, figures and claims on the page, with the way from each number to its runs."""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from harmodels.config.selection import Selection, agrees
from harmodels.errors import ResultsError
from harmodels.records.run import RunRecord
from harmodels.reporting.claims import claims_evidence, claims_rows
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.labels import configuration_text, entry_label
from harmodels.reporting.page.experiments import (
    experiment_anchor,
    experiment_title,
    grouped_runs,
    run_anchor,
)
from harmodels.reporting.page.layout import filled, page_layout, row_text
from harmodels.reporting.page.sections import ReportSection
from harmodels.reporting.tables.layout import Layout
from harmodels.reporting.tables.rows import EXPERIMENT
from harmodels.reporting.tables.spec import Table, TableSpec
from harmodels.reporting.tables.write import read_table_csv

ADJUSTED = "adjusted_verdict"  # corrected for the number of claims
MOST_RUNS = 3  # more than these are shown by their experiment
SIZE = re.compile(rb'<svg [^>]*width="([\d.]+)pt" height="([\d.]+)pt"')
PIXELS_A_POINT = 96 / 72
CLAIM_HEADINGS = ("Claim", "Verdict", "Measured", "Published", "Note")  # of `claims_rows`
UNSHOWN = ("mark", "significant", "simulated")  # columns of a CSV that the printed cell shows


class Link(NamedTuple):
    """A link of the page to one of its own anchors."""

    text: str
    anchor: str


class Picture(NamedTuple):
    """An SVG file as a data address, and its size in pixels as it was drawn."""

    source: str
    width: int
    height: int


class Line(NamedTuple):
    """One line of a table's CSV file, and the runs that its number is made from."""

    number: int
    settings: str
    texts: list[str]
    runs: list[Link]


class PageTable(NamedTuple):
    """A table of the page: as printed, and line by line as in its CSV file."""

    name: str
    anchor: str
    label: str
    title: str
    file: str
    origin: list[Link]
    published: list[str]
    content: Table
    layout: Layout
    columns: list[str]
    lines: list[Line]


def page_tables(section: ReportSection) -> list[PageTable]:
    """Return the tables of a report, read from their CSV files."""
    tables = []
    for name, spec in section.spec.tables.items():
        table = read_table_csv(section.folder / "tables" / f"{name}.csv", spec)
        unshown = {*UNSHOWN, *table.keys}
        columns = [
            column
            for column in map(str, table.cells)
            if column not in unshown and set(map(_exact, table.cells[column])) != {""}
        ]
        described = _described(section, name, spec)
        tables.append(
            PageTable(
                name=name,
                file=section.file("tables", f"{name}.csv"),
                content=table,
                layout=page_layout(table),
                columns=columns,
                lines=_lines(section, spec, table, columns),
                **described,
            )
        )
    return tables


def page_figures(section: ReportSection) -> list[dict[str, Any]]:
    """Return the figures of a report, their SVG files as data addresses."""
    return [
        _described(section, name, spec)
        | {
            "file": section.file("figures", f"{name}.svg"),
            "picture": embedded(section.folder / "figures" / f"{name}.svg"),
        }
        for name, spec in section.spec.figures.items()
    ]


def page_claims(section: ReportSection, ledger: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the ledger as printed, with anchors and the experiments behind them."""
    return [
        {
            "anchor": claim_anchor(section, name),
            "cells": cells,
            "adjusted": adjusted,
            "kind": verdict.replace(" ", "-"),
            "family": family,
            "line": number,
            "evidence": found,
            "origin": [
                Link(experiment, experiment_anchor(section, experiment))
                for experiment in section.spec.claims[name].needs
            ],
        }
        for number, (name, family, verdict, cells, (adjusted, found)) in enumerate(
            zip(
                ledger["id"],
                ledger["family"],
                ledger[ADJUSTED],
                claims_rows(ledger),
                claims_evidence(ledger),
                strict=True,
            ),
            start=2,
        )
    ]


def claim_columns(claims: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return number and heading of each column of the ledger in which any claim has something."""
    return [(i, CLAIM_HEADINGS[i]) for i in filled(claim["cells"] for claim in claims)]


def claim_anchor(section: ReportSection, name: str) -> str:
    """Return the anchor of a claim's row."""
    return f"{section.id}-claim-{name}"


def line_anchor(table: PageTable, number: int) -> str:
    """Return the anchor of a line of a table's CSV file."""
    return f"{table.anchor}-line-{number}"


def embedded(path: Path) -> Picture:
    """Return the picture of an SVG file.

    Raises ResultsError if it cannot be read or says no size in points, as matplotlib does.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"cannot read {path}: {error.strerror or error}. Run snakemake again."
        ) from error
    sizes = SIZE.search(content)
    if sizes is None:
        raise ResultsError(f"{path} says no width and height in pt. Run snakemake again.")
    width, height = (round(float(points) * PIXELS_A_POINT) for points in sizes.groups())
    source = "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")
    return Picture(source, width, height)


def _described(section: ReportSection, name: str, spec: TableSpec | FigureSpec) -> dict[str, Any]:
    return {
        "anchor": f"{section.id}-{name}",
        "label": entry_label(name),
        "title": spec.title.rstrip("."),
        "origin": [
            Link(experiment_title(section, name), experiment_anchor(section, name))
            for name in spec.needs
        ],
        "published": spec.published_files,
    }


def _lines(
    section: ReportSection, spec: TableSpec, table: Table, columns: Sequence[str]
) -> list[Line]:
    rows = table.cells.to_dict("records")
    return [
        Line(
            number,
            row_text(table.keys, row),
            [_exact(row[column]) for column in columns],
            _runs(section, spec, table, row),
        )
        for number, row in enumerate(rows, start=2)
    ]


def _runs(
    section: ReportSection, spec: TableSpec, table: Table, row: Mapping[Any, Any]
) -> list[Link]:
    """Return links to the runs of a line; to their experiments where there are many."""
    selections = spec.selections
    if EXPERIMENT in table.keys:
        selections = [part for part in selections if part.name == row[EXPERIMENT]] or selections
    group = str(row["group"])
    # the heading of a block is the title of its side, with what tells it apart in brackets
    selections = [p for p in selections if p.title and group.startswith(p.title)] or selections
    known = {"configuration"}.union(*(run.settings for run in section.runs))
    settings = known.intersection(table.keys)  # the others are titles
    runs = [
        (name, number)
        for name, group in grouped_runs(section).items()
        for number, run in enumerate(group, start=1)
        if any(_selected(part, run) for part in selections) and _named(run, settings, row)
    ]
    if len(runs) > MOST_RUNS:
        names = dict.fromkeys(name for name, _ in runs)
        return [Link(name, experiment_anchor(section, name)) for name in names]
    return [Link(f"{name}, run {n}", run_anchor(section, name, n)) for name, n in runs]


def _selected(selection: Selection, run: RunRecord) -> bool:
    return selection.experiment == run.experiment and agrees(run.configuration, selection.where)


def _named(run: RunRecord, settings: Collection[str], row: Mapping[Any, Any]) -> bool:
    """Return whether the settings that name a row are those of a run."""
    own = {**run.settings, "configuration": configuration_text(run.configuration)}
    return all(own.get(key) == row[key] for key in settings if not pd.isna(row[key]))


def _exact(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return str(value)
