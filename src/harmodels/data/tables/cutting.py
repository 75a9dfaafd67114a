"""From the rows of one recording of one person to windows of one label each."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harmodels.data.copies import SharedRows
from harmodels.data.look import Look, touched
from harmodels.data.reading.clock import Clock, Pace
from harmodels.data.resampling import resample
from harmodels.data.tables.names import NO_CLASS
from harmodels.data.windows import WindowsOfParts
from harmodels.errors import DataError

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

NAMED = 3  # rows of a reason that messages name

# Why rows are left out, in the order in which it is looked for.
NO_LABEL = "row without subject or label"
NOT_A_CLASS = "row of a label that is none of the classes"
NOT_A_NUMBER = "row with a value or time that is not a finite number"
TOO_SHORT = "sample of a part too short for a window"
TWICE = "sample that is there twice"
LOOKED = "window in which a sensor cannot be right"
ALWAYS = (NO_LABEL, NOT_A_CLASS, NOT_A_NUMBER, TOO_SHORT)


@dataclass
class Dropped:
    """What is left out, by reason, and the first rows."""

    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(ALWAYS, 0)))
    first: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, count: int, *places: str) -> None:
        """Count rows; `places` say where the first of them are."""
        if count:
            self.counts[reason] += count
            named = self.first.setdefault(reason, [])
            named += places[: NAMED - len(named)]


@dataclass
class Cuts:
    """The windows of all recordings, and what was left out."""

    windows: WindowsOfParts
    dropped: Dropped = field(default_factory=Dropped)
    mended: list[tuple[str, str]] = field(default_factory=list)  # whose, and what
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # whose, why, with remedy
    seen: dict[bytes, "_Part"] = field(default_factory=dict)  # by the samples of a part
    rows: SharedRows = field(default_factory=SharedRows)

    def check_refused(self, recordings: int) -> None:
        """Raise DataError where a recording of so many cannot be used, with what would help."""
        if not self.refused:
            return
        whose, why, with_remedy = self.refused[0]
        if len(self.refused) == recordings:
            raise DataError(f"{whose}: {with_remedy}")
        raise DataError(
            f"{whose}: {why}; this is so in {len(self.refused)} of {recordings} recordings: mend "
            "these recordings, or remove them"
        )


@dataclass(frozen=True)
class _Part:
    """Samples without a break, at the rate of the data set."""

    whose: str
    person: str
    label: int
    start: float  # in seconds
    values: NDArray[np.float32]


class Stream:
    """One recording of one person, whose rows are taken in the order of the file.

    `whose` names it in messages, `stem` begins the ids of its windows. A window never crosses a
    change of the label, a step back in time or a pause longer than `window.largest_gap_s`; a row
    that is left out is a pause.
    """

    def __init__(
        self, whose: str, stem: str, person: str, pace: Pace, look: Look, cuts: Cuts, *, timed: bool
    ) -> None:
        self.whose, self.person, self.pace = whose, person, pace
        self._stem, self._look, self._cuts = stem, look, cuts
        self._clock = Clock(pace) if timed else None
        self._rows = 0
        self._session, self._label, self._last = 0, NO_CLASS, 0.0
        self._open: list[tuple[Array, Array]] = []  # times and values since the last break
        self._parts: list[_Part] = []

    def seconds_of(self, seconds: Array | None, count: int) -> Array:
        """Return (count,) times of the next rows, from their rate where there are none."""
        if seconds is not None:
            return seconds
        return (self._rows + np.arange(count)) / self.pace.rate_hz

    def push(self, seconds: Array | None, values: Array, labels: Codes) -> NDArray[np.bool_]:
        """Take (n,) times or none, (n, D) values, (n,) classes; return (n,) rows that are used."""
        seconds = self.seconds_of(seconds, len(values))
        self._rows += len(values)
        good = np.isfinite(values).all(axis=1) & np.isfinite(seconds)
        # a clock that sorts rows has to move their labels too
        rows = np.column_stack([values[good], labels[good]])
        clock, times = self._clock, seconds[good]
        self._take(clock.push(times, rows) if clock else [(0, times, rows)])
        return good

    def finish(self) -> None:
        """Cut what is held back, and leave out windows in which a sensor cannot be right."""
        cuts, notes = self._cuts, list(self.pace.notes)
        if self._clock:
            self._take(self._clock.finish())
            notes += self._clock.notes
        self._close()
        cuts.mended += [(self.whose, note) for note in notes]
        findings, refusal = self._look.findings(), self._look.refusal()
        if refusal is not None:
            cuts.refused.append((self.whose, findings[0].line, refusal))
            return
        rate_hz, window = cuts.windows.facts.rate_hz, cuts.windows.window
        bad = 0
        for part in self._parts:
            starts = part.start + np.arange(0, len(part.values), window.step) / rate_hz
            kept = ~touched(findings, starts, starts + window.steps / rate_hz)
            cut = cuts.windows.cut(part.values, self._stem, self.person, part.label, kept)
            bad += cuts.windows.count(len(part.values)) - cut
        self._parts.clear()
        cuts.dropped.add(LOOKED, bad, *(f"{self.whose}: {finding.line}" for finding in findings))

    def _take(self, parts: list[tuple[int, Array, Array]]) -> None:
        for session, times, rows in parts:
            if not len(times):
                continue
            values, labels = rows[:, :-1], rows[:, -1].astype(np.int64)
            used = labels != NO_CLASS
            if used.any():
                self._look.push(session, times[used], values[used])
            breaks = np.diff(labels, prepend=self._label) != 0
            breaks |= np.diff(times, prepend=self._last) > self._cuts.windows.window.largest_gap_s
            breaks[0] |= session != self._session
            edges = [0, *(np.flatnonzero(breaks[1:]) + 1).tolist(), len(times)]
            for start, stop in pairwise(edges):
                if breaks[start]:
                    self._close()
                self._label = int(labels[start])
                if self._label != NO_CLASS:
                    self._open.append((times[start:stop], values[start:stop]))
            self._session, self._last = session, float(times[-1])

    def _close(self) -> None:
        """Resample a part that ends here, if it is long enough and not there already."""
        if not self._open:
            return
        times, values = (np.concatenate([each[i] for each in self._open]) for i in (0, 1))
        self._open.clear()
        cuts, rate_hz = self._cuts, self._cuts.windows.facts.rate_hz
        place = f"{self.whose}, {times[0]:.1f} s"
        even = np.empty((0, values.shape[1]))
        if len(times) > 1 and (times[-1] - times[0]) * rate_hz >= cuts.windows.window.steps - 2:
            try:
                _, even = resample(times, values, rate_hz, self.pace.rate_hz)
            except ValueError as error:
                raise DataError(f"{self.whose}: {error}") from error
        if not cuts.windows.count(len(even)):
            cuts.dropped.add(TOO_SHORT, len(times), place)
            return
        part = _Part(self.whose, self.person, self._label, float(times[0]), even.astype(np.float32))
        if (values != values[0]).any() and self._is_there(part, values):
            cuts.dropped.add(TWICE, len(times), place)
        else:
            self._parts.append(part)
            cuts.rows.add(part.whose, part.person, values)

    def _is_there(self, part: _Part, values: Array) -> bool:
        digest = hashlib.blake2b(np.ascontiguousarray(values).tobytes()).digest()
        other = self._cuts.seen.setdefault(digest, replace(part, values=part.values[:0]))
        if (other.person, other.label) != (part.person, part.label):
            names = self._cuts.windows.facts.classes
            raise DataError(
                f"{part.whose} and {other.whose} hold the same samples, as {names[part.label]} of "
                f"{part.person} and as {names[other.label]} of {other.person}; remove one"
            )
        return (other.whose, other.start) != (part.whose, part.start)
