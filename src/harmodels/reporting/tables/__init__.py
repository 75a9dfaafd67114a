"""Tables: built as a long frame of cells in full precision, written as CSV, Markdown and LaTeX."""

from harmodels.reporting.tables.build import build_table
from harmodels.reporting.tables.cells import Table
from harmodels.reporting.tables.write import read_table_csv, table_texts, write_table_files

__all__ = ["Table", "build_table", "read_table_csv", "table_texts", "write_table_files"]
