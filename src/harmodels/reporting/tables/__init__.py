"""Tables: built as a long frame of cells in full precision, written as CSV, Markdown and LaTeX.

Each kind is one file: the keys of its specification, their check and how it is built.
"""

from harmodels.reporting.tables import (  # noqa: F401 - each makes its kind known
    choices,
    class_recall,
    closeness,
    confusions,
    last_against_best,
    printed_rows,
    protocols,
    side_by_side,
    stopping_rules,
    subject_accuracy,
    top_k,
)
from harmodels.reporting.tables.spec import Table, TableSpec
from harmodels.reporting.tables.write import read_table_csv, table_texts, write_table_files

__all__ = ["Table", "TableSpec", "read_table_csv", "table_texts", "write_table_files"]
