"""Tables of numbers in text files, read strictly; an error names file and line."""

from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmodels.errors import DataError

LARGEST = 1e30  # no recording holds such a number, and no change of units takes it out of float32


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, blank ones at its end left out.

    Raises
    ------
    DataError
        If the file cannot be read or holds nothing.
    """
    lines = _read_text(path).splitlines()
    if not lines:
        raise DataError(f"{path}, line 1: the file is empty; bring a whole copy")
    return lines


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").rstrip()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"cannot read {path}: it is no text ({error.reason})") from error


def read_rows(
    path: Path, columns: int, meaning: str, separator: str | None = None
) -> NDArray[np.float64]:
    """Read a table of numbers.

    Parameters
    ----------
    path
        A text file; a separator at the end of a line is ignored.
    columns
        Numbers of a line.
    meaning
        What they are, for the message about a line that has another number of them.
    separator
        What stands between two numbers; None is white space.

    Returns
    -------
    (lines, columns) float64, all finite and below `LARGEST`.

    Raises
    ------
    DataError
        Naming file and line, if the file is empty, a line has another number of columns, or a
        number is none, not finite, too large, or written as only Python reads it (`1_0`, digits
        of other scripts).
    """
    rows = []
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
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
            f"{path}, line {line_index + 1}: {rows[line_index][column]!r} in column {column + 1} "
            f"is not a finite number below {LARGEST:g}"
        )
    return table.reshape(len(rows), columns)


def _number(cell: str) -> float:
    try:
        return float(cell) if cell.isascii() and "_" not in cell else float("nan")
    except ValueError:
        return float("nan")
