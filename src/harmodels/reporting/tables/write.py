"""Files of a table: CSV in full precision, Markdown and LaTeX rounded."""

from pathlib import Path

from harmodels.files import write_text
from harmodels.reporting.frames import csv_text, read_csv
from harmodels.reporting.tables.cells import CELL_COLUMNS
from harmodels.reporting.tables.latex import latex_table
from harmodels.reporting.tables.markdown import markdown_table
from harmodels.reporting.tables.spec import Table, TableSpec


def write_table_files(table: Table, stem: str | Path) -> None:
    """Write `<stem>.csv`, `<stem>.md` and `<stem>.tex`; the same table gives the same bytes."""
    for ending, text in table_texts(table).items():
        write_text(f"{stem}.{ending}", text)


def table_texts(table: Table) -> dict[str, str]:
    """Return the content of each file of a table, by ending."""
    return {
        "csv": csv_text(table.cells),
        "md": markdown_table(table),
        "tex": latex_table(table),
    }


def read_table_csv(path: str | Path, spec: TableSpec) -> Table:
    """Read a table back from the CSV that `write_table_files` wrote."""
    # a subject may be called 1, which is a name and no number
    cells = read_csv(path, CELL_COLUMNS, {"group": str, "measure": str})
    keys = tuple(name for name in cells.columns if name not in CELL_COLUMNS)
    text = {name: cells[name].astype("object").fillna("") for name in ("group", "mark", "interval")}
    return Table(spec, keys, cells.assign(**text))
