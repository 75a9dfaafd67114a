"""How the text of a table is written: read off its first rows."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq

from harmodels.data.reading.cells import decimal_mark, is_blank, is_unit, is_value
from harmodels.data.reading.parquet import as_text, is_parquet, parquet_batches
from harmodels.data.reading.source import Source, plain_errors, to_text
from harmodels.errors import DataError
from harmodels.messages import shortened

HEAD_BYTES = 1 << 20
HEAD_LINES = 2000
SAMPLED_ROWS = 200
LAST_ROWS = 20  # that tell the number of cells; those above may be a preamble
LONGEST_ROW = 20  # lines that a row with line breaks in quotes may have
SEPARATORS = (",", ";", "\t", "|", " ")  # of equal ones the first
COMMENTS = ("#", "%", "//")
MARKUP = re.compile(r"\s*(\{|\[\s*([\[{\"]|$)|<[!?a-zA-Z])")


@dataclass(frozen=True)
class Form:
    """How a table is written.

    `names` are those of the columns, without blanks around them, each once; the columns of a table
    without a header are called by their numbers, `1`, `2`, …. Of a Parquet file only `names` and
    `sample` say something.
    """

    names: tuple[str, ...]
    separator: str = ","  # or ";", "\t", "|"; " " stands for any number of blanks
    decimal: str = "."  # or ","
    encoding: str = "utf-8"
    compression: str | None = None  # `gzip`, `zip`, `bz2` or `xz`
    preamble: tuple[str, ...] = ()  # lines above the header, as they are written
    header: bool = True  # whether the line below the preamble names the columns
    units: tuple[str, ...] = ()  # of the row of units below the header; empty without one
    sample: tuple[tuple[str, ...], ...] = ()  # cells of the first rows (at most 200) as text
    cells: int = 0  # of a row: one more than `names` where rows end in a separator
    above: int = 0  # lines above the first row
    head: tuple[tuple[str, ...], ...] = ()  # cells of header and units, which may come again
    comments: tuple[str, ...] = COMMENTS  # what lines start with that are no rows


@dataclass(frozen=True)
class _Record:
    line: int  # its first, from 0
    comment: bool
    cells: tuple[str, ...]


def read_form(path: Path) -> Form:
    """Return how a table is written.

    Raises DataError naming the file where it is missing, empty or no table.
    """
    path = Path(path)
    if is_parquet(path):
        return _parquet_form(path)
    with Source(path) as source:
        head = source.read(HEAD_BYTES)
        whole = len(head) < HEAD_BYTES
        compression, encoding = source.compression, source.encoding
    lines = to_text(head).split("\n")
    lines = [line.rstrip("\r\0") for line in lines[: HEAD_LINES + 1]]
    if len(lines) > 2 and (lines[-1] == "" or not whole):
        lines.pop()  # perhaps a part of one
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} is empty; bring a whole copy")
    if MARKUP.match(lines[0]):
        raise DataError(f"{path} is JSON or markup, not a table; export it as CSV")
    said = re.fullmatch(r'"?sep=(.|\\t)"?', lines[0].strip(), re.IGNORECASE)
    above = 1 if said else 0
    known = said[1].replace("\\t", "\t") if said else ""
    candidates = (known,) if known in SEPARATORS else SEPARATORS
    rated = [(_rate(lines, above, separator), separator) for separator in candidates]
    rating, separator = max(rated, key=lambda pair: pair[0])
    if rating == (0, 0, 0):
        raise DataError(
            f"{path} is no table: its lines have no cells between commas, semicolons, tabs "
            f"or blanks; it begins with {shortened(repr(lines[0]))}"
        )
    return _form(path, lines, above, separator, encoding, compression)


def _parquet_form(path: Path) -> Form:
    with plain_errors(path):
        file = pq.ParquetFile(path)
        columns = next(parquet_batches(file, SAMPLED_ROWS), {})
        cells = [as_text(column).to_pylist() for column in columns.values()]
    if not cells or not cells[0]:
        raise DataError(f"{path} holds no rows")
    return Form(tuple(columns), sample=tuple(zip(*cells, strict=True)), cells=len(cells))


def split_rows(lines: Sequence[str], separator: str) -> Iterator[tuple[int, str]]:
    """Yield first line (from 0) and text of each row.

    A row goes on where a cell's quotes are open at the end of a line, if they are closed soon.
    """
    mark = r"\s" if separator == " " else re.escape(separator)
    quoted = re.compile(rf'(?:^|{mark})\s*"')
    start = 0
    while start < len(lines):
        end, text = start + 1, lines[start]
        if text.count('"') % 2 and quoted.search(text):
            for last in range(start + 1, min(start + LONGEST_ROW, len(lines))):
                if lines[last].count('"') % 2:
                    end, text = last + 1, "\n".join(lines[start : last + 1])
                    break
        yield start, text
        start = end


def split_cells(text: str, separator: str) -> tuple[str, ...]:
    """Return the cells of a row, without blanks around them."""
    if separator == " ":
        text = " ".join(text.split())
    try:
        row = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = text.split(separator)
    return tuple(cell.strip() for cell in row)


def _records(lines: Sequence[str], separator: str, first: int = 0) -> list[_Record]:
    """Return the rows from a line on, comments among them and blank lines left out."""
    marks = _comment_marks(lines)
    found = []
    for line, text in split_rows(lines[first:], separator):
        comment = bool(marks) and text.lstrip().startswith(marks)
        if text.strip():
            cells = split_cells(text.lstrip("#%/ ") if comment else text, separator)
            found.append(_Record(first + line, comment, cells))
    return found


def _comment_marks(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what comments start with; nothing where most rows start so."""
    filled = [line for line in lines if line.strip()][-SAMPLED_ROWS:]
    comments = sum(line.lstrip().startswith(COMMENTS) for line in filled)
    return COMMENTS if comments * 2 <= len(filled) else ()


def _width(records: Sequence[_Record]) -> int:
    """Return the number of cells of the last rows that hold most values."""
    weights: Counter[int] = Counter()
    for record in records[-LAST_ROWS:]:
        weights[len(record.cells)] += 1 + 1000 * sum(map(is_value, record.cells))
    return max(weights, key=lambda width: (width > 1, weights[width]), default=0)


def _rate(lines: Sequence[str], first: int, separator: str) -> tuple[float, float, int]:
    """Return how well a separator fits: share of values in rows, share of rows, cells of a row."""
    late = max(first, len(lines) - SAMPLED_ROWS)
    records = [r for r in _records(lines, separator, late) if not r.comment]
    width = _width(records)
    rows = [record for record in records if len(record.cells) == width]
    values = sum(is_value(cell) or is_blank(cell) for row in rows for cell in row.cells)
    share = values / max(1, width * len(rows))
    if separator == " ":  # which may be within cells
        share -= 0.2
    if records and len(records[0].cells) == width > 1:  # a header of as many names
        share += 0.5
    alike = len(rows) / max(1, len(records))
    if (width < 2 and share < 0.5) or (share < 0.1 and alike < 0.5):
        return 0, 0, 0
    return (round(max(share, 0), 2) if width > 1 else 0, round(alike, 2), width)


def _form(
    path: Path,
    lines: Sequence[str],
    first: int,
    separator: str,
    encoding: str,
    compression: str | None,
) -> Form:
    records = _records(lines, separator, first)
    width = _width([record for record in records if not record.comment][-SAMPLED_ROWS:])
    body = [r.cells for r in records if not r.comment and len(r.cells) == width][-SAMPLED_ROWS:]
    valued = [column for column in range(width) if _is_valued([row[column] for row in body])]
    start = next((k for k, r in enumerate(records) if _is_row(r, width, valued)), len(records))
    if not valued:  # a table of words: all below its first row
        start = next(k for k, r in enumerate(records) if len(r.cells) == width) + 1
    rows = [r for r in records[start:] if not r.comment]
    sample = [r.cells for r in rows[:SAMPLED_ROWS] if len(r.cells) == width]
    if not sample:
        raise DataError(f"{path} holds no rows below its header; bring a whole copy")
    header, units = _header(path, separator, records[:start], width, sample)
    if header is None and _starts_with_rate(sample):
        start, sample = start + 2, sample[2:]
    names = _names(header.cells if header else (), width, sample)
    top = header.line if header else records[start].line
    head = tuple(r.cells for r in (header, *units) if r is not None)
    return Form(
        names,
        separator,
        decimal="," if decimal_mark(sample, separator) == "," else ".",
        encoding=encoding,
        compression=compression,
        preamble=tuple(lines[:top]),
        header=header is not None,
        units=units[-1].cells[: len(names)] if units else (),
        sample=tuple(row[: len(names)] for row in sample),
        cells=width,
        above=records[start].line,
        head=head,
        comments=_comment_marks(lines),
    )


def _is_valued(cells: Sequence[str]) -> bool:
    """Return whether a column holds numbers or times."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return sum(map(is_value, filled)) * 2 > len(filled)


def _is_row(record: _Record, width: int, valued: Sequence[int]) -> bool:
    if record.comment or len(record.cells) != width or not valued:
        return False
    if _is_numbered(record.cells):
        return False
    cells = [record.cells[column] for column in valued]
    words = sum(not (is_value(cell) or is_blank(cell)) for cell in cells)
    return words * 2 < len(cells) and (not words or any(map(is_value, cells)))


def _is_numbered(cells: Sequence[str]) -> bool:
    """Return whether names are 0, 1, 2, …, as pandas writes those of an array."""
    counts = [str(number) for number in range(len(cells))]
    return len(cells) > 2 and (list(cells) == counts or list(cells) == ["", *counts[:-1]])


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    end = max((k + 1 for k, cell in enumerate(cells) if cell), default=0)
    return tuple(cells[:end])


def _filled(sample: Sequence[Sequence[str]]) -> int:
    """Return how many cells of nearly all rows may hold something, without those at their ends."""
    lengths = sorted(len(_trimmed(row)) for row in sample)
    return max(1, lengths[int(0.95 * (len(lengths) - 1))])


def _header(
    path: Path,
    separator: str,
    above: Sequence[_Record],
    width: int,
    sample: Sequence[Sequence[str]],
) -> tuple[_Record | None, list[_Record]]:
    """Return the line of names right above the rows, and lines of units below it."""
    filled = _filled(sample)
    least = filled - 1 if _row_numbers(sample) else filled
    fitting = []
    for record in reversed(above):
        if not least <= len(_trimmed(record.cells)) <= width:
            break
        fitting.append(record)
    units = []
    while len(fitting) > 1 and _is_units(fitting[0].cells):
        units.append(fitting.pop(0))
    if fitting:
        return fitting[0], units[::-1]
    if len(above) == 1 and not above[0].comment and len(above[0].cells) > 1:
        names = len(_trimmed(above[0].cells))
        why = (
            "; decimal commas look like those between cells: export it with "
            "semicolons or tabs, or with decimal points"
            if separator == "," and names < width <= 2 * names
            else "; mend the line, or remove it"
        )
        raise DataError(
            f"{path}, line {above[0].line + 1}: names {names} columns, but the rows below have "
            f"{width} cells{why}"
        )
    return None, []


def _is_units(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return 2 * sum(map(is_unit, filled)) > len(filled)


def _row_numbers(sample: Sequence[Sequence[str]]) -> bool:
    """Return whether the first cells count the rows, as R's, which have no name."""
    numbers = [int(row[0]) if row[0].isdecimal() else -1 for row in sample]
    rising = sum(number == before + 1 for before, number in pairwise(numbers))
    return len(numbers) > 1 and rising > 0.9 * (len(numbers) - 1)


def _starts_with_rate(sample: Sequence[Sequence[str]]) -> bool:
    """Return whether the first rows are a time since 1970 and a rate, as Empatica's."""
    if len(sample) < 3 or any(len(set(row)) > 1 for row in sample[:2]):
        return False
    try:
        start, rate, value = (float(row[0]) for row in sample[:3])
    except ValueError:
        return False
    return start > 5e8 and 0 < rate <= 1024 and abs(value) < 5e8


def _names(header: Sequence[str], width: int, sample: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return a name for each column, each once."""
    names = [" ".join(name.split()) for name in _trimmed(header)]
    filled = _filled(sample)
    if not header:
        return tuple(str(column + 1) for column in range(filled))
    if len(names) < filled:
        names.insert(0, "row")
    found: list[str] = []
    for column, name in enumerate(names):
        name = name or str(column + 1)
        again = 0
        unique = name
        while unique in found or (again and unique in names):
            again += 1
            unique = f"{name}.{again}"
        found.append(unique)
    return tuple(found)
