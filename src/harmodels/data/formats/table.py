"""Recordings in tables of a user's own, as any program writes them, cut into windows."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset
from harmodels.data.facts import SequenceFacts
from harmodels.data.formats import CHANNELS, Format, Raw
from harmodels.data.look import Look
from harmodels.data.reading.clock import Pace, PaceFinder
from harmodels.data.reading.form import read_form
from harmodels.data.reading.meaning import TIME, Given
from harmodels.data.reading.single import FileRecording, naming
from harmodels.data.reading.table import Batch
from harmodels.data.reading.times import Times
from harmodels.data.resampling import FILTER
from harmodels.data.table_layout import TableLayout
from harmodels.data.tables.cutting import (
    NO_LABEL,
    NOT_A_CLASS,
    NOT_A_NUMBER,
    Cuts,
    Stream,
)
from harmodels.data.tables.folders import Folder
from harmodels.data.tables.intervals import Intervals, IntervalsOfOne
from harmodels.data.tables.names import NO_CLASS, Labels, people
from harmodels.data.tables.signs import turned_people
from harmodels.data.tables.sources import Source, find_sources, is_of_app
from harmodels.data.windows import WindowsOfParts
from harmodels.errors import DataError
from harmodels.messages import listed

Text = NDArray[np.object_]
Key = tuple[str, str]  # of a recording within a file: person as written, and its name

SEPARATOR = "\x1f"  # of the two, within one text
# Options of the command that messages of the readers name → keys of the registry.
KEYS = (
    (re.compile(r"--unit ([\w…]+)=([^\s,;)]+)"), r"units: {\1: \2}"),
    (re.compile(r"--columns ([\w…]+)=([^\s,;)]+)"), r"columns: {\1: \2}"),
    (re.compile(r"--time-unit (?=['%smun])"), "time_unit: "),
    (re.compile(r"--rate HZ"), "recorded_hz: HZ"),
    (re.compile(r"--time-unit"), "time_unit"),
    (re.compile(r"--rate\b"), "recorded_hz"),
    (re.compile(r"columns: \{time: ([^}]+)\}"), r"time: \1"),
    (re.compile(r"--(unit|column)s?\b"), r"\1s"),
)


def read(dataset: Dataset, path: Path) -> Raw:
    """Read tables of recordings, convert units, resample, and cut windows.

    The path is that of a file, or of a folder of them, each of which is a recording. Windows come
    in the order of the files; ids are `<subject>/<recording>/00001`. Notes: `dropped` (rows by
    reason) and `first_dropped` (where the first of them are), `other_labels` (rows of labels that
    are none of the classes), `unread` (why files were not read), `same_content` (files that another
    one repeats), `mended` (a line each), `recorded_hz` (least and most), `resampling` (the filter),
    `units_of_files`. Raises DataError naming the file, where two people have rows in common, and
    where a class or a person has no window.
    """
    facts, layout, window = dataset.facts, dataset.table, dataset.window
    assert layout is not None
    assert window is not None
    sources = find_sources(path, layout, facts.classes)
    labels = Labels(facts.classes, layout.names)
    intervals, files = None, sources.read
    if layout.intervals is not None:
        intervals = Intervals(sources.lists[-1], layout)
        files = intervals.check_files(files)
        why = f"{layout.intervals} holds no interval of it"
        sources.unread.update({source.name: why for source in sources.read if source not in files})
    cuts = Cuts(WindowsOfParts(facts, window))
    with _in_registry():
        tables = [_opened(source, facts, layout, intervals, len(files)) for source in files]
        found = {person: str(table.path) for table in tables for person, _ in table.paces}
        names, notes = people(found)
        if intervals is not None:
            intervals.check_people(found)
        rates = [pace.rate_hz for table in tables for pace in table.paces.values()]
        for table in tables:
            table.cut(names, labels, len(rates) > 1, cuts)
        cuts.check_refused(len(rates))
        cuts.rows.check()
        if intervals is not None:
            own = (each for table in tables for each in table.labelled.values())
            notes += intervals.check_covered(own)
    _check_all_have_windows(path, cuts, names, labels)
    sequences = cuts.windows.sequences()
    card = {
        "dropped": dict(cuts.dropped.counts),
        "first_dropped": cuts.dropped.first,
        "other_labels": labels.others(),
        "unread": sources.unread,
        "same_content": sources.same,
        "mended": [*notes, *_together(cuts.mended), *turned_people(sequences)],
        "recorded_hz": [round(float(rate), 3) for rate in (min(rates), max(rates))],
        "resampling": FILTER,
        "units_of_files": {
            channel: "+".join(dict.fromkeys(table.file_units[channel] for table in tables))
            for channel in facts.channels
        },
    }
    read_files = [*(file for table in tables for file in table.files), *sources.lists]
    return Raw(sequences, card, read_files)


class _Table(FileRecording):
    """A file of recordings, with the pace of each of them."""

    def __init__(
        self, source: Source, facts: SequenceFacts, layout: TableLayout, intervals: Intervals | None
    ) -> None:
        # a column that is called as the channel goes before others that might be it
        names = read_form(source.path).names
        columns = {name: name for name in facts.channels if name in names} | layout.columns
        columns |= {TIME: layout.time} if layout.time else {}
        given = Given(columns, layout.units, layout.time_unit, layout.recorded_hz)
        super().__init__(source.path, facts.channels, facts.units, given)
        self.source, self._layout, self._intervals = source, layout, intervals
        self.said = dict(source.given)
        if intervals is not None and layout.subject not in (*self.said, *self.table.form.names):
            self.said |= intervals.person_of(source)
        self.paces: dict[Key, Pace] = {}
        finders: dict[Key, PaceFinder] = {}
        rows: Counter[Key] = Counter()
        times = Times(self.meaning.time_unit)
        for batch in self.table.batches(self._needed()):
            seconds = self._seconds(batch, times) if self.meaning.time else None
            values = self._values(batch)
            finite = np.isfinite(values)
            for key, own in self._recordings(batch):
                kept = own[finite[own].all(axis=1)]
                if seconds is not None:
                    kept = kept[np.isfinite(seconds[kept])]
                    finder = finders.setdefault(key, PaceFinder(self.meaning.time_unit))
                    finder.push(seconds[kept], values[kept])
                rows[key] += len(kept)
        self._origin = times.origin
        self.labelled: dict[Key, IntervalsOfOne] = {}
        for key in rows:
            with naming(Path(self.whose(key, len(rows) > 1))):
                known = key in finders and rows[key] > 1  # a row alone has no pace
                self.paces[key] = (
                    finders[key].pace() if known else Pace(self.meaning.rate_hz or facts.rate_hz)
                )

    @property
    def origin(self) -> Any:
        """Time of the first row as in the file: a Timestamp or seconds."""
        starts = self.meaning.starts
        return (pd.Timestamp(starts) if starts else 0.0) if self._origin is None else self._origin

    def whose(self, key: Key, several: bool) -> str:
        """Return the name of a recording in messages."""
        return ", ".join([str(self.path), *(name for name in key if name and several)])

    def cut(self, names: Mapping[str, str], labels: Labels, several: bool, cuts: Cuts) -> None:
        """Cut all windows of the file; `several` says whether there are other recordings."""
        meaning, facts, mine = self.meaning, cuts.windows.facts, len(self.paces) > 1
        streams: dict[Key, Stream] = {}
        labelled = self.labelled
        for key, pace in self.paces.items():
            recording = "/".join(part for part in (self.source.name, key[1]) if part)
            person = names[key[0]]
            stem = f"{person}/{recording}" if recording else person
            units = [meaning.units[channel] for channel in facts.channels]
            look = Look(facts.channels, facts.units, None, units)
            timed = bool(meaning.time)
            whose = self.whose(key, mine)
            streams[key] = Stream(whose, stem, person, pace, look, cuts, timed=timed)
            if self._intervals is not None:
                labelled[key] = self._intervals.of(self.source, key[0], several, self.origin)
        times = Times(meaning.time_unit)
        for batch in self.table.batches(self._needed()):
            values = self._values(batch)
            seconds = self._seconds(batch, times) if meaning.time else None
            if seconds is not None:
                batch.leave_out(meaning.time[0], ~np.isfinite(seconds), "time")
            named = np.zeros(len(values), np.bool_)
            for key, own in self._recordings(batch):
                named[own] = True
                mine_s = None if seconds is None else seconds[own]
                if key in labelled:
                    text = labelled[key].labels_at(streams[key].seconds_of(mine_s, len(own)))
                else:
                    text = self._text(batch, self._layout.label)[own]
                codes = labels.codes(text)
                good = streams[key].push(mine_s, values[own], codes)
                for reason, rows in (
                    (NO_LABEL, text == ""),
                    (NOT_A_CLASS, (text != "") & (codes == NO_CLASS)),
                    (NOT_A_NUMBER, (codes != NO_CLASS) & ~good),
                ):
                    self._drop(cuts, reason, batch.lines[own[rows]])
            self._drop(cuts, NO_LABEL, batch.lines[~named])
        for stream in streams.values():
            stream.finish()
        cuts.mended += [(str(self.path), line) for line in self.table.faults.lines()]

    def _drop(self, cuts: Cuts, reason: str, lines: NDArray[np.int64]) -> None:
        cuts.dropped.add(reason, len(lines), *(f"{self.path}, line {n}" for n in lines[:3]))

    def _needed(self) -> list[str]:
        own = [self._layout.subject, self._layout.recording]
        own += [] if self._intervals else [self._layout.label]
        return [
            *(name for name in own if name and name not in self.said),
            *self._wanted(values=True),
        ]

    def _text(self, batch: Batch, column: str) -> Text:
        if column in self.said:
            return np.full(len(batch.lines), self.said[column], dtype=np.object_)
        return batch.text(column)

    def _recordings(self, batch: Batch) -> Iterator[tuple[Key, NDArray[np.int64]]]:
        """Yield each recording of a batch and its rows; those of nobody are in none."""
        layout = self._layout
        persons = self._text(batch, layout.subject)
        names = (
            self._text(batch, layout.recording) if layout.recording else np.full_like(persons, "")
        )
        numbers, keys = pd.factorize(persons + SEPARATOR + names)
        order = np.argsort(numbers, kind="stable")
        edges = np.searchsorted(numbers[order], np.arange(len(keys) + 1))
        for number, text in enumerate(keys):
            person, _, name = str(text).partition(SEPARATOR)
            if person:
                yield (person, name), order[edges[number] : edges[number + 1]]


def _opened(
    source: Source, facts: SequenceFacts, layout: TableLayout, intervals: Intervals | None, of: int
) -> "_Table | Folder":
    try:
        kind = Folder if is_of_app(source.path) else _Table
        return kind(source, facts, layout, intervals)
    except DataError as error:
        if of == 1 or layout.files is not None:
            raise
        raise DataError(
            f"{error}. Where {source.path.name} is no recording, say in `table` which files are: "
            "files: PATTERN"
        ) from None


def _together(notes: list[tuple[str, str]]) -> list[str]:
    """Return a line for each note, of one recording or of several."""
    whose: dict[str, list[str]] = {}
    for name, note in notes:
        whose.setdefault(note, []).append(name)
    return [f"{listed(names, 1)}: {note}" for note, names in whose.items()]


def _check_all_have_windows(
    path: Path, cuts: Cuts, names: Mapping[str, str], labels: Labels
) -> None:
    """Raise DataError naming each class or person of whom nothing is left to learn from."""
    facts, window = cuts.windows.facts, cuts.windows.window
    wanted = f"unbroken {window.steps / facts.rate_hz:g} s"
    left_out = "; ".join(
        f"{reason}: {count:,}"
        + (f" (first {cuts.dropped.first[reason][0]})" if reason in cuts.dropped.first else "")
        for reason, count in cuts.dropped.counts.items()
        if count
    )
    why = f"; left out: {left_out}" if left_out else ""
    of_class, of_person = cuts.windows.counts()
    for code, name in enumerate(facts.classes):
        if code in of_class:
            continue
        if labels.rows_of(code):
            raise DataError(
                f"{path} holds no {wanted} of {name}, though {labels.rows_of(code):,} rows have "
                f"this label{why}"
            )
        raise DataError(f"{path} holds no row of the class {name}; {labels.advice(name)}{why}")
    for person in dict.fromkeys(names.values()):
        if person not in of_person:
            raise DataError(f"{path} holds no {wanted} of a class by {person!r}{why}")
    if not len(cuts.windows):
        raise DataError(f"{path} holds no {wanted} of a class{why}")


@contextmanager
def _in_registry() -> Iterator[None]:
    """Name the keys of the registry where a reader names options of the command."""
    try:
        yield
    except DataError as error:
        text = str(error)
        for option, key in KEYS:
            text = option.sub(key, text)
        raise DataError(text) from None


FORMAT = Format(
    read,
    needs=CHANNELS | {"table", "window", "window.largest_gap_s"},
    may=frozenset({"channel_groups.acceleration"}),
    halves=False,
    people=True,
)
