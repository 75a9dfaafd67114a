"""A table as CSV (full precision), Markdown and LaTeX (rounded)."""

from pathlib import Path

import pandas as pd

from harmodels.errors import ResultsError
from harmodels.files import write_text
from harmodels.reporting.specs import Spec
from harmodels.reporting.tables.cells import CELL_COLUMNS, Table
from harmodels.reporting.tables.latex import latex_table
from harmodels.reporting.tables.markdown import markdown_table


def write_table_files(table: Table, stem: str | Path) -> None:
    """Write `<stem>.csv`, `<stem>.md` and `<stem>.tex`; the same table gives the same bytes."""
    for ending, text in table_texts(table).items():
        write_text(f"{stem}.{ending}", text)


def table_texts(table: Table) -> dict[str, str]:
    """Return the content of each file of a table, by ending."""
    return {
        "csv": table.cells.to_csv(index=False, lineterminator="\n"),
        "md": markdown_table(table),
        "tex": latex_table(table),
    }


def read_table_csv(path: str | Path, spec: Spec) -> Table:
    """Read a table back from the CSV that `write_table_files` wrote.

    Parameters
    ----------
    path
        The CSV file.
    spec
        The table's specification, for its title and kind.

    Raises
    ------
    ResultsError
        If the file is missing or lacks a column.
    """
    try:
        # a subject may be called 1, which is a name and no number
        kept = {"group": str, "measure": str}
        cells = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=kept)
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"cannot read {path}: {error}. Delete it and run snakemake again."
        ) from error
    missing = [name for name in CELL_COLUMNS if name not in cells.columns]
    if missing:
        raise ResultsError(
            f"{path} lacks the column {missing[0]!r}. Delete it and run snakemake again."
        )
    keys = tuple(name for name in cells.columns if name not in CELL_COLUMNS)
    text = {name: cells[name].astype("object").fillna("") for name in ("group", "mark")}
    return Table(spec["title"], spec["kind"], keys, cells.assign(**text))
