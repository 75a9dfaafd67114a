"""Tables: built as a long frame of cells in full precision, written as CSV, Markdown and LaTeX.

Each kind is one file: the keys of its specification, their check and how it is built.
"""

from harmodels.reporting.tables.choices import Choices
from harmodels.reporting.tables.class_recall import ClassRecall
from harmodels.reporting.tables.closeness import Closeness
from harmodels.reporting.tables.confusions import Confusions
from harmodels.reporting.tables.last_against_best import LastAgainstBest
from harmodels.reporting.tables.printed_rows import PrintedRows
from harmodels.reporting.tables.protocols import Protocols
from harmodels.reporting.tables.side_by_side import SideBySide
from harmodels.reporting.tables.spec import Table, TableSpec
from harmodels.reporting.tables.stopping_rules import StoppingRules
from harmodels.reporting.tables.subject_accuracy import SubjectAccuracy
from harmodels.reporting.tables.top_k import TopK
from harmodels.reporting.tables.write import read_table_csv, table_texts, write_table_files

__all__ = [
    "Choices",
    "ClassRecall",
    "Closeness",
    "Confusions",
    "LastAgainstBest",
    "PrintedRows",
    "Protocols",
    "SideBySide",
    "StoppingRules",
    "SubjectAccuracy",
    "Table",
    "TableSpec",
    "TopK",
    "read_table_csv",
    "table_texts",
    "write_table_files",
]
