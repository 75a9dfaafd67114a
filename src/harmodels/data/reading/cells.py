"""Cells of a table: which hold values, and numbers whatever mark they have before a fraction."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harmodels.data.reading.parquet import as_text
from harmodels.data.text_rows import LARGEST

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What is written where there is no value, in lower case; infinities are none either.
MISSING = frozenset(("", "nan", "na", "n/a", "#n/a", "<na>", "null", "nil", "none", "nat"))
MISSING |= frozenset(("-", "--", "?"))
INFINITE = frozenset(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity"))
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*)")  # 1.234,5
TIME = re.compile(
    r"\d{1,4}[-/.:](\d{1,2}|[a-z]{3,9})[-/.: ][\dT][^,;|\t]*(,\d{1,9})?", re.IGNORECASE
)
UNIT = re.compile(
    r"s|sec|secs|seconds?|[mnuµμ]s|[mun]?secs?|[mu]?g|gs?|"
    r"[mc]?m */ *\(?s(ec)?(2|²|\^2|\*\*2)?\)?|m[ ·.*]s(-2|\^-2|⁻²)|"
    r"(rad|deg|degrees|°|º) */ *s(ec)?|dps|rad|deg|degrees|°|º|°? *c|[nuµμ]?t(esla)?|gauss|"
    r"[hk]?pa|m?bar|lux|lx|%|[mk]?v(olts?)?|[mu]?a|m|km|m/s|km/h|hz|bpm|db|"
    r"no[ _]units?|unitless|none|raw|cal|uncal|iso|n/?a|-|counts?|lsb",
    re.IGNORECASE,
)

COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)(e[+-]?\d+)?", re.IGNORECASE)
POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
MINUS = "\u2212"
EXPONENT = r"([eE][+-]?\d+)?$"
THOUSAND = r"^[+-]?[1-9]\d{0,2},\d{3}$"  # 9,806 may be either
ABSENT = pa.array(sorted(MISSING | INFINITE))


def is_value(cell: str) -> bool:
    """Return whether a cell is a number or a time."""
    return bool(NUMBER.fullmatch(cell) or GROUPED.fullmatch(cell) or TIME.fullmatch(cell))


def is_blank(cell: str) -> bool:
    """Return whether a cell is empty or says that there is no number."""
    return cell.casefold() in MISSING or cell.casefold() in INFINITE


def is_unit(cell: str) -> bool:
    """Return whether a cell is a unit, such as `m/s^2` or `(ms)`."""
    return bool(UNIT.fullmatch(cell.strip("()[] ")))


def decimal_mark(rows: Sequence[Sequence[str]], separator: str) -> str:
    """Return the mark that most columns write before a fraction; empty where none does."""
    marks = [column_mark(column) for column in zip(*rows, strict=True)]
    commas, points = marks.count(","), marks.count(".")
    if commas or points:
        return "," if commas >= points else "."
    if separator == ",":  # programs that write decimal commas have other separators
        return "."
    return "," if any(COMMA.fullmatch(cell) for row in rows for cell in row) else ""


def column_mark(cells: Iterable[str]) -> str:
    """Return the mark before a fraction that most cells surely have; empty where none is sure."""
    marks = []
    for cell in cells:
        if GROUPED.fullmatch(cell):
            marks.append("," if cell.rfind(",") > cell.rfind(".") else ".")
        elif not THOUSANDS.fullmatch(cell) and (COMMA.fullmatch(cell) or POINT.fullmatch(cell)):
            marks.append("," if "," in cell else ".")
    return max(marks, key=marks.count, default="")


def read_numbers(cells: pa.Array, mark: str) -> tuple[Array, Mask | None, Mask | None]:
    """Return (n,) numbers, NaN where there is none; where cells are missing, where unreadable.

    `mark` is what is written before a fraction, a point or a comma; empty where the column has not
    said so: then either, but no comma that may be one of thousands. A mask is None where it would
    be False throughout.
    """
    if not pa.types.is_string(cells.type):
        try:
            values = pc.cast(cells, pa.float64(), safe=False)
        except pa.ArrowException:
            return read_numbers(as_text(cells), mark)
        return _finite(values, None)
    try:
        if mark != ",":
            return _finite(pc.cast(cells, pa.float64()), None)
        if not pc.any(pc.match_substring(cells, ".")).as_py():
            return _finite(pc.cast(pc.replace_substring(cells, ",", "."), pa.float64()), None)
    except pa.ArrowInvalid:
        pass
    cells = pc.fill_null(pc.utf8_trim_whitespace(cells), "")
    cells = pc.replace_substring(cells, MINUS, "-")
    absent = pc.is_in(pc.utf8_lower(cells), ABSENT)
    cells = _with_points(cells, mark)
    readable = pc.match_substring_regex(cells, r"^[+-]?(\d+\.?\d*|\.\d+)" + EXPONENT)
    values = pc.cast(pc.if_else(readable, cells, None), pa.float64())
    unreadable = pc.invert(pc.or_(readable, absent))
    return _finite(values, np.asarray(unreadable, dtype=np.bool_))


def _with_points(cells: pa.Array, mark: str) -> pa.Array:
    """Return cells with a point before a fraction, and without marks of thousands."""
    if mark == "":
        comma = pc.match_substring_regex(cells, r"^[+-]?(\d+,\d*|,\d+)" + EXPONENT)
        sure = pc.and_not(comma, pc.match_substring_regex(cells, THOUSAND))
        cells = pc.if_else(sure, pc.replace_substring(cells, ",", "."), cells)
    mark, other = (",", ".") if mark == "," else (".", ",")
    # thousands that can be nothing else: several of them, or with the other mark behind
    own, grouping = f"[{mark}]", f"[{other}]"
    thousands = rf"^[+-]?\d{{1,3}}(({grouping}\d{{3}})+{own}\d*|({grouping}\d{{3}}){{2,}})$"
    grouped = pc.match_substring_regex(cells, thousands)
    cells = pc.if_else(grouped, pc.replace_substring(cells, other, ""), cells)
    if mark == ",":  # a point that is left is none of this column's
        cells = pc.replace_substring(pc.replace_substring(cells, ".", "?"), ",", ".")
    return cells


def _finite(values: pa.Array, unreadable: Mask | None) -> tuple[Array, Mask | None, Mask | None]:
    numbers = np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    missing = ~(np.abs(numbers) < LARGEST)  # of NaN too
    if not missing.any():
        return numbers, None, None
    numbers[missing] = np.nan
    if unreadable is not None:
        missing &= ~unreadable
    return numbers, missing, unreadable
