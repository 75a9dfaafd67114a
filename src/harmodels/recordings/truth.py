"""What was really done, to compare with: intervals in the clock of a recording.

Axes: N intervals, in the order of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.names import alike
from harmodels.data.reading.table import Table
from harmodels.data.reading.times import Times, time_form
from harmodels.errors import DataError
from harmodels.messages import listed, shown
from harmodels.recordings.activities import NO_LABEL, Activities, clock

Array = NDArray[np.float64]

COLUMNS = ("start", "end", "label")
LARGE = {"ns": 1e17, "us": 1e14, "ms": 1e11}  # dates since 1970 in other units than seconds
SINCE_1970 = 1e8  # seconds; fewer are no date


@dataclass(frozen=True)
class Truth:
    """The activities with their times; no interval overlaps another."""

    starts: Array  # (N,) seconds since `origin`
    ends: Array
    labels: tuple[str, ...]  # a class of the model where one is alike
    origin: Any  # a Timestamp or seconds
    notes: list[str] = field(default_factory=list)

    def moved(self, seconds: float, note: str) -> "Truth":
        """Return it in seconds since an origin so much earlier."""
        notes = [*self.notes, note] if note else self.notes
        return Truth(self.starts + seconds, self.ends + seconds, self.labels, None, notes)


def read_truth(path: Path, classes: Sequence[str]) -> Truth:
    """Return the intervals of a table of start, end and label, for a model of these classes.

    Raises DataError naming the line that has no label, no time or ends before it starts, and lines
    whose times overlap.
    """
    name = f"--truth {path}"
    cells = _cells(path)
    starts, ends, origin = _times(name, cells)
    known = {alike(each): each for each in reversed(classes)} | {each: each for each in classes}
    labels = [known.get(text, known.get(alike(text), text)) for text in cells["label"]]
    lines = cells.index.to_numpy()
    for line, start, end, label in zip(lines, starts, ends, labels, strict=True):
        if not label:
            raise DataError(f"{name}: line {line} has no label")
        if not start < end:
            raise DataError(f"{name}: line {line} does not end after it starts")
    order = np.argsort(starts, kind="stable")
    early = np.flatnonzero(starts[order][1:] < ends[order][:-1] - 1e-6)
    if len(early):
        first, second = sorted(lines[order[[early[0], early[0] + 1]]])
        raise DataError(f"{name}: lines {first} and {second} overlap; one thing is done at a time")
    return Truth(starts[order], ends[order], tuple(labels[place] for place in order), origin)


def place_truth(truth: Truth, origin: Any, span_s: float) -> Truth:
    """Return the truth in seconds since the first sample of a recording, which lasts `span_s`.

    Times that are not in the clock of the recording, but would be as seconds since its start, are
    taken as such, and a date without a zone is one in the other's; `notes` say so. Raises DataError
    where one has dates and the other has not.
    """
    first, note = truth.origin, ""
    dated = isinstance(origin, pd.Timestamp)
    if isinstance(first, pd.Timestamp):
        if not dated and abs(origin) < SINCE_1970:
            raise DataError(
                "--truth: it has dates, and the times of the recording are none (the first is "
                f"{origin:g}); give both as dates, or the truth in seconds since the start"
            )
        here = origin if dated else pd.Timestamp(origin, unit="s", tz="UTC")
        if (first.tz is None) != (here.tz is None):
            zone = here.tz or first.tz
            note = f"times without a zone are taken for {zone}"
            first, here = (
                each.tz_localize(zone) if each.tz is None else each for each in (first, here)
            )
        return truth.moved((first - here).total_seconds(), f"truth: {note}" if note else "")
    if dated:
        here = origin.timestamp()  # of a date without a zone as if in UTC
        note = "" if origin.tz else "truth: times without a zone are taken for UTC"
    else:
        here = origin
    own = truth.moved(first - here, note)
    relative = truth.moved(first, "truth: its times are taken for seconds since the first sample")
    return relative if _meets(relative, span_s) and not _meets(own, span_s) else own


def compare(activities: Activities, truth: Truth) -> list[str]:
    """Return lines on how much of a recording a placed truth covers, and where it agrees.

    A window counts where its middle is in an interval, and agrees where it has that label; windows
    without a label do not count.
    """
    middle = (activities.starts + activities.ends) / 2
    labelled = activities.codes != NO_LABEL
    place = np.searchsorted(truth.starts, middle, side="right") - 1
    inside = (place >= 0) & (middle < truth.ends[place]) & labelled
    total = f"{labelled.sum():,}" + (" labelled" if not labelled.all() else "")
    lines = list(truth.notes)
    if inside.any():
        names = np.array(activities.classes, dtype=object)[activities.codes[inside]]
        share = float((names == np.array(truth.labels, dtype=object)[place[inside]]).mean())
        lines.append(
            f"the truth covers {inside.sum():,} of {total} windows and agrees in "
            f"{share:.1%} of them"
        )
    else:
        ours = clock(np.array([0.0, activities.span_s]), activities.origin)
        theirs = clock(np.array([truth.starts[0], truth.ends[-1]]), activities.origin)
        lines.append(
            f"the truth covers none of {total} windows: it goes from {theirs[0]} to {theirs[1]}, "
            f"the recording from {ours[0]} to {ours[1]}"
        )
    strange = sorted({label for label in truth.labels if label not in activities.classes})
    if strange:
        lines.append(
            f"labels of the truth that are none of the model's classes: {listed(strange)}; "
            f"the model has {listed(activities.classes)}"
        )
    return lines


def _meets(truth: Truth, span_s: float) -> bool:
    return bool(((truth.ends > 0) & (truth.starts < span_s)).any())


def _cells(path: Path) -> pd.DataFrame:
    """Return the cells of the three columns as text, by line of the file."""
    try:
        table = Table(path)
        names = {name.casefold(): name for name in table.form.names}
        missing = [column for column in COLUMNS if column not in names]
        if missing:
            raise DataError(
                f"{path} has no column {missing[0]!r}; a truth is a table of start, end and label, "
                f"and this one has {listed(table.form.names)}"
            )
        own = {column: names[column] for column in COLUMNS}
        parts = [
            pd.DataFrame({each: batch.text(own[each]) for each in COLUMNS}, batch.lines)
            for batch in table.batches(list(own.values()))
        ]
    except DataError as error:
        raise DataError(f"--truth {error}") from error
    if table.faults.unreadable:  # a row less would be a truth less
        raise DataError(f"--truth {path}: {'; '.join(table.faults.lines())}")
    return pd.concat(parts)


def _times(name: str, cells: pd.DataFrame) -> tuple[Array, Array, Any]:
    both = cells[["start", "end"]].to_numpy(dtype=object).ravel()
    times = Times(_form(name, both.tolist()))
    seconds = times.seconds(both)
    wrong = np.flatnonzero(~np.isfinite(seconds))
    if len(wrong):
        line = cells.index[wrong[0] // 2]
        raise DataError(f"{name}: line {line}: {shown(both[wrong[0]])} is no time")
    starts, ends = seconds.reshape(-1, 2).T
    if isinstance(times.origin, pd.Timestamp):
        return starts, ends, times.origin
    return starts + times.origin, ends + times.origin, 0.0


def _form(name: str, cells: list[str]) -> str:
    """Return the form of times; numbers are seconds, unless they are too large for that."""
    sizes = pd.to_numeric(pd.Series(cells).str.replace(",", "."), errors="coerce").abs()
    if sizes.isna().all():
        try:
            return time_form(cells)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    return next((unit for unit, least in LARGE.items() if sizes.max() > least), "s")
