"""Columns of a table in batches of rows, as numbers or as text; what cannot be read is counted."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmodels.data.reading.cells import column_mark, decimal_mark, is_blank, read_numbers
from harmodels.data.reading.faults import NAMED, Faults
from harmodels.data.reading.form import Form, read_form, split_cells, split_rows
from harmodels.data.reading.parquet import as_text, is_parquet, parquet_batches
from harmodels.data.reading.source import Source, plain_errors, to_text
from harmodels.errors import DataError
from harmodels.messages import counted, shown, unknown_key

Array = NDArray[np.float64]
Text = NDArray[np.object_]

BLOCK_BYTES = 1 << 20  # of text, unpacked
BATCH_ROWS = 1 << 16  # of a Parquet file
LONGEST_LINE = 1 << 24


class Batch:
    """Some rows of the columns that were asked for."""

    lines: NDArray[np.int64]  # (n,) of the file, counted from 1; rows of a Parquet file
    done: int  # what has been read so far, of `Table.size`

    def __init__(
        self,
        columns: dict[str, pa.Array],
        lines: NDArray[np.int64],
        done: int,
        faults: Faults,
        marks: dict[str, str],
    ) -> None:
        self.lines, self.done = lines, done
        self._columns, self._faults, self._marks = columns, faults, marks
        self._missing = np.zeros(len(lines), np.bool_)
        self._unreadable = np.zeros(len(lines), np.bool_)

    def numbers(self, column: str) -> Array:
        """Return (n,) numbers; NaN where the cell is missing or no number."""
        values, missing, unreadable = read_numbers(self._columns[column], self._marks[column])
        if unreadable is not None:
            mark = {",": " with a decimal comma", ".": " with a decimal point"}
            self.leave_out(column, unreadable, f"number{mark.get(self._marks[column], '')}")
        if missing is not None:
            self._miss(column, missing)
        return values

    def leave_out(self, column: str, unreadable: NDArray[np.bool_], expected: str) -> None:
        """Count rows (n,) of a column as unreadable that hold no such thing as is expected.

        Where the cell is empty, or says so, it is missing.
        """
        rows = np.flatnonzero(unreadable)
        if len(rows):
            cells = as_text(self._columns[column]).take(rows).to_pylist()
            missing = np.zeros_like(unreadable)
            missing[rows] = [is_blank(cell.strip()) for cell in cells]
            self._miss(column, missing)
            unreadable = unreadable & ~missing
        new = unreadable & ~self._unreadable
        self._faults.missing -= int((new & self._missing).sum())
        self._faults.unreadable += int(new.sum())
        self._unreadable |= unreadable
        for row in np.flatnonzero(new)[: NAMED - len(self._faults.first)]:
            cell = shown(str(self._columns[column][int(row)]))
            why = f"{cell} in column {column!r} is no {expected}"
            self._faults.first.append((int(self.lines[row]), why))

    def _miss(self, column: str, missing: NDArray[np.bool_]) -> None:
        """Count rows (n,) as missing, each once."""
        new = missing & ~self._missing & ~self._unreadable
        self._missing |= missing
        self._faults.missing += int(new.sum())
        for row in np.flatnonzero(new)[: NAMED - len(self._faults.first_missing)]:
            self._faults.first_missing.append(
                (int(self.lines[row]), f"no value in column {column!r}")
            )

    def text(self, column: str) -> Text:
        """Return (n,) str without blanks around them; empty where nothing is written.

        Nothing is guessed: `NA`, `None`, `007` and `1.0` are text like any other.
        """
        cells = pc.utf8_trim_whitespace(as_text(self._columns[column]))
        return np.asarray(cells.to_numpy(zero_copy_only=False), dtype=np.object_)


class Table:
    r"""A table on disk: CSV, text with other separators, compressed or not, or Parquet.

    It can be read several times; each time `faults` begins anew.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "walk.csv"
    ...     _ = path.write_text("t;ax\n0,00;9,81\n0,02;9,79\n")
    ...     [batch.numbers("ax").tolist() for batch in Table(path).batches(["ax"])]
    [[9.81, 9.79]]
    """

    path: Path
    form: Form
    faults: Faults

    def __init__(self, path: Path, form: Form | None = None) -> None:
        self.path = Path(path)
        self.form = form or read_form(self.path)
        self.faults = Faults()
        names = [next((cell for cell in row if cell), "") for row in self.form.head]
        after = self.form.separator.strip()
        self._heads = [start for name in names if name for start in (name + after, f'"{name}"')]
        self._parquet = is_parquet(self.path)
        self.size: int  # bytes, or rows of a Parquet file
        if self._parquet:
            with plain_errors(self.path):
                self.size = pq.read_metadata(self.path).num_rows
        else:
            with Source(self.path) as source:
                self.size = source.size

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """Yield all rows in their order, of these columns alone, in bounded memory.

        Rows with another number of cells are left out and counted in `faults`; comment lines,
        blank ones and repeated headers are not counted. Raises DataError naming file and column
        where one is missing, and at the end as `Faults.check`.
        """
        names = self.form.names
        missing = [name for name in columns if name not in names]
        if missing:
            text = unknown_key(missing[:1], names).replace("unknown key", "no column", 1)
            raise DataError(f"{self.path}: {text}")
        self.faults = Faults()
        wanted = list(dict.fromkeys(columns))
        marks = self._marks(wanted)
        parts = self._parquet_parts(wanted) if self._parquet else self._text_parts(wanted)
        for found, lines, done in parts:
            self.faults.rows += len(lines)
            if len(lines):
                yield Batch(found, lines, done, self.faults, marks)
        self.faults.check(self.path)

    def _marks(self, wanted: list[str]) -> dict[str, str]:
        """Return the decimal mark of each column; empty where its first rows do not say."""
        sample, names = self.form.sample, self.form.names
        usual = decimal_mark(sample, self.form.separator)
        own = {name: column_mark(row[names.index(name)] for row in sample) for name in wanted}
        return {name: mark or usual for name, mark in own.items()}

    def _parquet_parts(
        self, wanted: list[str]
    ) -> Iterator[tuple[dict[str, pa.Array], NDArray[np.int64], int]]:
        done = 0
        with plain_errors(self.path):
            for found in parquet_batches(pq.ParquetFile(self.path), BATCH_ROWS, wanted):
                lines = np.arange(done + 1, done + 1 + len(next(iter(found.values()))))
                done += len(lines)
                yield found, lines, done

    def _text_parts(
        self, wanted: list[str]
    ) -> Iterator[tuple[dict[str, pa.Array], NDArray[np.int64], int]]:
        with Source(self.path) as source:
            for block, line in self._blocks(source):
                found = self._plain(block, line, wanted)
                if found is None:
                    found = self._row_by_row(block, line, wanted)
                yield *found, source.done

    def _blocks(self, source: Source) -> Iterator[tuple[bytes, int]]:
        """Yield whole rows below the header, and the number of their first line."""
        line, rest = 1, b""
        skipped = self.form.above
        while True:
            data = source.read(BLOCK_BYTES)
            if b"\0" in data:  # of a card that was full, or a file that was not closed
                data = re.sub(rb"\0+", b"\0", data)
            block, rest = rest + data, b""
            while skipped and block:
                end = block.find(b"\n") + 1
                if not end:
                    break
                block, line, skipped = block[end:], line + 1, skipped - 1
            if data:
                end = self._end_of_rows(block)
                block, rest = block[:end], block[end:]
                if len(rest) > LONGEST_LINE:
                    raise DataError(
                        f"{self.path}, line {line}: is longer than {LONGEST_LINE:,} bytes; this is "
                        "no table of text"
                    )
            else:
                block = block.rstrip(b"\0")
            if block and not skipped:
                yield block, line
                line += block.count(b"\n")
            if not data:
                return

    def _end_of_rows(self, block: bytes) -> int:
        end = block.rfind(b"\n") + 1
        if block.count(b'"', 0, end) % 2:  # perhaps within quotes
            lines = block[:end].split(b"\n")[:-1]
            texts = [line.decode("latin-1") for line in lines]
            *_, (first, last) = split_rows(texts, self.form.separator)
            if len(texts) - first <= 20 and last.count('"') % 2:
                return sum(len(line) + 1 for line in lines[:first])
        return end

    def _plain(
        self, block: bytes, line: int, wanted: list[str]
    ) -> tuple[dict[str, pa.Array], NDArray[np.int64]] | None:
        """Return the columns of a block with a row on each line; None where it is not so."""
        form = self.form
        if self._is_uneven(block):
            return None
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        if form.separator == " ":
            block = _single_blanks(block)
        names = [str(column) for column in range(form.cells)]
        picked = {name: names[form.names.index(name)] for name in wanted}
        beyond = names[len(form.names) :]  # where rows end in separators
        strings = dict.fromkeys((*picked.values(), *beyond), pa.string())
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(block),
                pa.csv.ReadOptions(
                    use_threads=False, block_size=len(block) + 1, column_names=names
                ),
                pa.csv.ParseOptions(delimiter=form.separator),
                pa.csv.ConvertOptions(
                    column_types=strings,
                    include_columns=list(strings),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )
        except pa.ArrowInvalid:
            return None
        if len(table) != count or any(table[own].null_count < count for own in beyond):
            return None
        columns = {name: table.column(own).combine_chunks() for name, own in picked.items()}
        return columns, np.arange(line, line + count)

    def _is_uneven(self, block: bytes) -> bool:
        """Return whether a block has lines that are no rows, or rows of several lines."""
        cells = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(cells == ord("\n"))
        firsts = np.bincount(cells[ends[ends < len(cells) - 1] + 1], minlength=256)
        for start in (*self.form.comments, *self._heads):
            mark = start.encode()
            if block.startswith(mark) or (firsts[mark[0]] and b"\n" + mark in block):
                return True
        if b'"' in block:
            if f'{self.form.separator} "'.encode() in block:  # which pyarrow takes for text
                return True
            return bool((np.cumsum(cells == ord('"'))[ends] % 2).any())
        return False

    def _row_by_row(
        self, block: bytes, line: int, wanted: list[str]
    ) -> tuple[dict[str, pa.Array], NDArray[np.int64]]:
        form, faults = self.form, self.faults
        texts = [text.rstrip("\r") for text in to_text(block).split("\n")]
        rows, lines = [], []
        for first, text, cells in self._rows(texts):
            if not text.strip() or text.lstrip().startswith(form.comments) or cells in form.head:
                continue
            if self._fits(cells):
                rows.append(cells[: len(form.names)])
                lines.append(line + first)
                continue
            faults.rows += 1
            faults.unreadable += 1
            if len(faults.first) < NAMED:
                why = f"{counted(len(cells), 'cell')}, not {len(form.names)}"
                faults.first.append((line + first, why))
        columns = dict(zip(form.names, zip(*rows, strict=True), strict=True)) if rows else {}
        found = {name: pa.array(columns.get(name, ()), pa.string()) for name in wanted}
        return found, np.array(lines, np.int64)

    def _rows(self, texts: list[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield line, text and cells of each row."""
        separator = self.form.separator
        for first, text in split_rows(texts, separator):
            cells = split_cells(text, separator)
            if "\n" in text and not self._fits(cells):  # quotes of two rows that are no pair
                for offset, part in enumerate(text.split("\n")):
                    yield first + offset, part, split_cells(part, separator)
            else:
                yield first, text, cells

    def _fits(self, cells: Sequence[str]) -> bool:
        """Return whether a row has a cell for each name, and no others but empty ones."""
        count = len(self.form.names)
        return len(cells) >= count and not any(cells[count:])


def _single_blanks(block: bytes) -> bytes:
    block = block.replace(b"\t", b" ").replace(b"\r", b"")
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    return block.replace(b"\n ", b"\n").replace(b" \n", b"\n").strip(b" ")
