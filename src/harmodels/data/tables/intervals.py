"""Labels as intervals of time: start, end and label, in the recording's own clock."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.reading.cells import NUMBER
from harmodels.data.reading.form import read_form
from harmodels.data.reading.times import SECONDS, Times, time_form
from harmodels.data.table_layout import TableLayout
from harmodels.data.tables.names import plain
from harmodels.data.tables.sources import FILE, Source, rows_of
from harmodels.errors import DataError
from harmodels.messages import unknown

Array = NDArray[np.float64]
Text = NDArray[np.object_]

START, END = "start", "end"
SINCE_1970 = 1e8  # seconds; fewer are not since 1970, but since a recording began
MOSTLY, HARDLY = 0.9, 0.1  # shares of the intervals
SINCE_1970_IN = {"ns": 1e17, "us": 1e14, "ms": 1e11}


@dataclass(frozen=True)
class Row:
    """An interval as it is written."""

    line: int
    file: str  # empty: of every recording
    person: str  # empty: of everybody
    start: str
    end: str
    label: str


class Intervals:
    """A file of intervals of one or several recordings."""

    def __init__(self, path: Path, layout: TableLayout) -> None:
        self.path, self._subject = path, layout.subject
        names = read_form(path).names
        self.by_file, self.by_person = FILE in names, layout.subject in names
        optional = [name for name in (FILE, layout.subject, END) if name in names]
        self.rows = [
            Row(
                line,
                row.get(FILE, ""),
                row.get(layout.subject, ""),
                row[START],
                row.get(END, ""),
                row[layout.label],
            )
            for line, row in rows_of(path, [START, layout.label, *optional])
        ]
        if not self.rows:
            raise DataError(f"{path} holds no interval")

    def of(self, source: Source, person: str, several: bool, origin: Any) -> "IntervalsOfOne":
        """Return the intervals of a recording whose first time is `origin`.

        `several` says whether there are other recordings. Raises DataError naming the line where an
        interval is none, overlaps another of another label, or none is of this recording.
        """
        if several and not (self.by_file or self.by_person):
            raise DataError(
                f"{self.path} says of none of its intervals whose they are; there are several "
                f"recordings: add a column {FILE!r} or that of the subject"
            )
        own = [
            row
            for row in self.rows
            if _is_of(row.file, source) and (not row.person or plain(row.person) == plain(person))
        ]
        if not own:
            return IntervalsOfOne(np.empty(0), np.empty(0), [])
        starts = self._seconds(own, [row.start for row in own], origin)
        ends = self._seconds(own, [row.end for row in own], origin, open_=True)
        order = np.argsort(starts, kind="stable")
        # without an end, a label holds until the next one
        nexts = np.append(starts[order][1:], np.inf)
        ends[order] = np.where(np.isnan(ends[order]), nexts, ends[order])
        for row, start, end in zip(own, starts, ends, strict=True):
            if not end > start:
                raise DataError(
                    f"{self.path}, line {row.line}: ends at {row.end}, not after its start "
                    f"{row.start}"
                )
        for one, two in pairwise(order):
            if starts[two] < ends[one] and own[one].label != own[two].label:
                raise DataError(
                    f"{self.path}, line {own[two].line}: {own[two].label} begins at "
                    f"{own[two].start}, before {own[one].label} of line {own[one].line} ends"
                )
        return IntervalsOfOne(starts[order], ends[order], [own[i] for i in order])

    def person_of(self, source: Source) -> dict[str, str]:
        """Return the one person that the intervals of a file are of, by the column's name."""
        found = {row.person for row in self.rows if row.file and _is_of(row.file, source)}
        return {self._subject: found.pop()} if len(found) == 1 and self.by_person else {}

    def check_files(self, sources: Sequence[Source]) -> list[Source]:
        """Return the files of which there are intervals.

        Raises DataError naming an interval whose file is none of them.
        """
        files = {row.file: row.line for row in self.rows}
        for file, line in files.items():
            if file and not any(_is_of(file, source) for source in sources):
                known = [source.path.name for source in sources]
                raise DataError(f"{self.path}, line {line}: {unknown('file', file, known)}")
        return [source for source in sources if any(_is_of(file, source) for file in files)]

    def check_covered(self, recordings: Iterable["IntervalsOfOne"]) -> list[str]:
        """Return a line where there are no samples in a part of the intervals.

        Raises DataError where this is so in nearly all of them: their times are in another clock.
        """
        length: dict[Row, float] = {}
        covered: dict[Row, float] = {}
        for recording in recordings:
            for row, seconds, own in recording.covered():
                length[row] = max(seconds, length.get(row, 0.0))
                covered[row] = covered.get(row, 0.0) + own
        share = sum(min(covered[row], length[row]) for row in length) / sum(length.values())
        if share > MOSTLY:
            return []
        empty = next(row for row in length if covered[row] < length[row])
        missing = length[empty] - covered[empty]
        said = (
            f"{self.path}: recordings cover {share:.1%} of the intervals; line {empty.line} "
            f"({empty.start} to {empty.end or 'the next'}) lacks {missing:.1f} s"
        )
        if share < HARDLY:
            raise DataError(
                f"{said}. Times of intervals are seconds of the recording's own clock or since its "
                "first sample, or dates"
            )
        return [said]

    def check_people(self, known: Collection[str]) -> None:
        """Raise DataError naming an interval of a person of whom there is no recording."""
        for row in self.rows:
            if row.person and plain(row.person) not in map(plain, known):
                raise DataError(
                    f"{self.path}, line {row.line}: {unknown('person', row.person, known)}"
                )

    def _seconds(
        self, rows: list[Row], cells: list[str], origin: Any, open_: bool = False
    ) -> Array:
        """Return (n,) seconds since the first sample of the recording."""
        given = [cell for cell in cells if cell]
        if not given and open_:
            return np.full(len(cells), np.nan)
        try:
            times = Times(_form_of(given))
        except DataError as error:
            raise DataError(f"{self.path}, column {END if open_ else START}: {error}") from None
        if times.form in SECONDS:
            cells = [cell.replace(",", ".") for cell in cells]
        seconds = times.seconds(np.array(cells, dtype=np.object_))
        for row, cell, value in zip(rows, cells, seconds, strict=True):
            if np.isnan(value) and not (open_ and not cell):
                raise DataError(f"{self.path}, line {row.line}: {cell!r} is no time")
        return seconds + self._since(origin, times.origin)

    def _since(self, origin: Any, first: Any) -> float:
        """Return the seconds from the first sample of a recording to the first interval."""
        dates = [isinstance(time, pd.Timestamp) for time in (origin, first)]
        if not dates[1] and first < SINCE_1970 <= (np.inf if dates[0] else origin):
            return float(first)  # no time of that clock: since the first sample
        if not any(dates):
            return float(first) - float(origin)
        if not all(dates):
            which = "dates" if dates[1] else "numbers"
            other = "numbers" if dates[1] else "dates"
            raise DataError(
                f"{self.path}: times of the intervals are {which}, those of the recording {other} "
                f"({origin}); write both in one clock"
            )
        if (origin.tzinfo is None) != (first.tzinfo is None):
            raise DataError(
                f"{self.path}: {first} and the first sample at {origin} are in one time zone only "
                "if both have one or none; write both alike"
            )
        return float((first - origin).total_seconds())


@dataclass
class IntervalsOfOne:
    """The intervals of one recording, in seconds since its first sample, in their order."""

    starts: Array
    ends: Array
    rows: list[Row]
    first: float = np.inf  # and last sample that was labelled
    last: float = -np.inf

    def labels_at(self, seconds: Array) -> Text:
        """Return (n,) labels as written of samples at these seconds; empty outside intervals."""
        text = np.full(len(seconds), "", dtype=np.object_)
        if len(self.starts) and len(seconds):
            self.first = min(self.first, float(np.nanmin(seconds, initial=np.inf)))
            self.last = max(self.last, float(np.nanmax(seconds, initial=-np.inf)))
            number = np.searchsorted(self.starts, seconds, side="right") - 1
            within = (number >= 0) & (seconds < self.ends[number])
            labels = np.array([row.label for row in self.rows], dtype=np.object_)
            text[within] = labels[number[within]]
        return text

    def covered(self) -> Iterator[tuple[Row, float, float]]:
        """Yield each interval, its length in s, and how much of it the recording covers."""
        for row, start, end in zip(self.rows, self.starts, self.ends, strict=True):
            stop = max(start, self.last) if np.isinf(end) else end
            yield row, stop - start, max(0.0, min(stop, self.last) - max(start, self.first))


def _form_of(cells: Sequence[str]) -> str:
    """Return the form of times; of numbers their size alone tells, as intervals have no rate."""
    if not cells or NUMBER.fullmatch(cells[0]) is None:
        return time_form(cells, START)
    size = abs(float(cells[0].replace(",", ".")))
    return next((unit for unit, least in SINCE_1970_IN.items() if size >= least), "s")


def _is_of(file: str, source: Source) -> bool:
    """Return whether an interval is of a recording, by the name of its file; empty is of all."""
    whole = Path(source.name).with_name(source.path.name).as_posix() if source.name else ""
    name = unicodedata.normalize("NFC", file)
    return name in (
        "",
        *(unicodedata.normalize("NFC", own) for own in (source.name, whole, source.path.name)),
    )
