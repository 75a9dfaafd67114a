"""Tables of numbers in text files, read strictly; an error names file and line."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.errors import DataError
from harmodels.messages import unknown_key

LARGEST = 1e30  # no recording holds such a number, and no change of units takes it out of float32


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, blank ones at its end left out; at least one."""
    return _lines(path, _read_text(path))


def _lines(path: Path, text: str) -> list[str]:
    lines = text.rstrip().splitlines()
    if not lines:
        raise DataError(f"{path}, line 1: the file is empty; bring a whole copy")
    return lines


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"cannot read {path}: it is no text ({error.reason})") from error


def read_rows(
    path: Path, columns: int, meaning: str, separator: str | None = None
) -> NDArray[np.float64]:
    """Read a table of numbers: (lines, columns) float64, all finite and below `LARGEST`.

    The separator None is white space; one at the end of a line is ignored. Raises DataError naming
    file and line, if the file is empty, a line has another number of columns than `columns`
    (`meaning` says of what), or a number is none, not finite, too large, or written as only Python
    reads it (`1_0`, digits of other scripts).
    """
    return _parse(path, read_lines(path), 1, columns, meaning, separator)


def read_columns(path: Path, names: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Read a table of numbers below a line with the names of its columns; return table and names.

    The columns `names` are needed, in any order and among others. Raises DataError as `read_rows`,
    and if a column is missing or named twice, there is no line below the names, or the last line is
    not ended, as that of a whole file is.
    """
    text = _read_text(path)
    lines = _lines(path, text)
    header = [name.strip() for name in lines[0].split(",")]
    missing = [name for name in names if name not in header]
    if missing:
        advice = unknown_key(missing[:1], header).replace("unknown key", "no column", 1)
        raise DataError(f"{path}, line 1: {advice}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError(f"{path}, line 1: there are two columns {twice!r}; bring a whole copy")
    if len(lines) == 1 or not text.endswith("\n"):
        raise DataError(f"{path}, line {len(lines)}: the file is cut short; bring a whole copy")
    meaning = f"as many as line 1 has names, {header[0]!r} to {header[-1]!r}; bring a whole copy"
    return _parse(path, lines[1:], 2, len(header), meaning, ","), header


def _parse(
    path: Path, lines: list[str], first: int, columns: int, meaning: str, separator: str | None
) -> NDArray[np.float64]:
    """Return the numbers of lines, the number of the first of which is `first`."""
    rows = []
    for number, line in enumerate(lines, start=first):
        cells = line.strip().removesuffix(separator or " ").split(separator)
        if len(cells) != columns:
            raise DataError(
                f"{path}, line {number}: {len(cells)} numbers, not {columns} ({meaning})"
            )
        rows.append(cells)
    flat = list(chain.from_iterable(rows))
    try:
        plain = all(line.isascii() and "_" not in line for line in lines)
        table = np.array(flat if plain else [_number(cell) for cell in flat], dtype=np.float64)
    except ValueError:
        table = np.array([_number(cell) for cell in flat])
    broken = np.flatnonzero(~(np.abs(table) < LARGEST))
    if len(broken):
        line_index, column = divmod(int(broken[0]), columns)
        raise DataError(
            f"{path}, line {line_index + first}: {rows[line_index][column]!r} in column "
            f"{column + 1} is not a finite number below {LARGEST:g}"
        )
    return table.reshape(len(rows), columns)


def _number(cell: str) -> float:
    try:
        return float(cell) if cell.isascii() and "_" not in cell else float("nan")
    except ValueError:
        return float("nan")
