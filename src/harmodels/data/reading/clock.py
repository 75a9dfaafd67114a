"""Times of a recording: from what a file says to seconds that rise, and what was mended."""

import numpy as np
from numpy.typing import NDArray

from harmodels.data.reading.order import Event, Order, Part, copies_of
from harmodels.data.reading.pace import (
    Pace,
    PaceFinder,
    clock_text,
    counted,
    rate_remedy,
    rate_text,
    unit_for,
)
from harmodels.data.reading.times import Times, ambiguity, time_form

__all__ = [
    "Clock",
    "Pace",
    "PaceFinder",
    "Times",
    "ambiguity",
    "clock_text",
    "rate_remedy",
    "rate_text",
    "time_form",
    "unit_for",
]

Array = NDArray[np.float64]

STRETCH = 1.25  # by which samples of a packet may be further apart than usual
STANDSTILL_S = 1.0  # more time than there is up to the next stamp: the clock stood still
SAME = 0.01  # of an interval; stamps that are no further apart are one
MOST_HELD = 1 << 18  # samples with one stamp


class Clock:
    """Mends times: sorts what came late, spreads packets, begins a session where time steps back.

    Within a session times rise; the clock of a new session goes on one interval after the last
    sample of the one before. `dropped` counts the rows that were left out: copies, and strays with
    a time far from those around them. The result is the same for any size of the chunks.
    """

    notes: list[str]  # of what was left out; the rest is in those of the pace

    def __init__(self, pace: Pace) -> None:
        self.notes = []
        self.dropped = 0
        self._pace = pace
        self._interval = 1 / pace.rate_hz
        self._apart = (0.5 if pace.packet > 1 else SAME) * self._interval
        self._order = Order()
        self._copied, self._stood = Event(), Event()
        self._session = -1
        self._shift = 0.0
        self._last = -self._interval  # that left, and
        self._alone = False  # whether it was alone at its time
        self._times, self._values = np.empty(0), np.empty((0, 0))  # of a packet that may grow
        self._fresh = True  # whether it is the first of its session
        self._overfull = False  # whether the clock stands still for too long to wait for its end

    def push(self, seconds: Array, values: Array) -> list[tuple[int, Array, Array]]:
        """Take (n,) times and (n, D) values; return session, rising times and values in parts."""
        if not len(seconds):
            return []
        return self._mend(self._order.push(seconds, values))

    def finish(self) -> list[tuple[int, Array, Array]]:
        """Return what is held back."""
        parts = [*self._mend(self._order.finish()), *self._spread(last=True)]
        stray, stood = self._order.stray, self._stood
        self.dropped = self._copied.count + stray.count
        if self._copied.count:
            self.notes.append(
                f"{counted(self._copied.count, 'row')} with time and values of another, first at "
                f"{clock_text(self._copied.first_s)}; left out"
            )
        if stray.count:
            self.notes.append(
                f"{counted(stray.count, 'sample')} with a time far from those around, first at "
                f"{clock_text(stray.first_s)}; left out"
            )
        if stood.count:
            self.notes.append(
                f"the clock stands still for {counted(stood.count, 'sample')}, first at "
                f"{clock_text(stood.first_s)}; the times after it go on from there"
            )
        return parts

    def _mend(self, parts: list[Part]) -> list[tuple[int, Array, Array]]:
        done = []
        for begins, times, values, shift in parts:
            if self._pace.copies:
                copies = copies_of(times, values)
                if copies.any():
                    self._copied.add(times[copies.argmax()] + shift, 0.0, int(copies.sum()))
                    times, values = times[~copies], values[~copies]
            if begins or self._overfull:
                done += self._spread(last=True)
                self._begin(times[0])
                self._overfull = False
            if len(self._times):
                times = np.concatenate([self._times, times])
                values = np.concatenate([self._values, values])
            self._times, self._values = times, values
            done += self._spread(last=False)
            if len(self._times) > MOST_HELD:
                self._stood.add(self._times[0] + self._shift, 0.0, len(self._times))
                done += self._spread(last=True)
                self._overfull = True
        return done

    def _begin(self, start: float) -> None:
        self._session += 1
        self._shift = self._last + self._interval - start if self._session else 0.0
        self._fresh, self._alone = True, False

    def _spread(self, *, last: bool) -> list[tuple[int, Array, Array]]:
        """Spread the packets that are complete; the last one waits for the stamp after it."""
        times, values = self._times, self._values
        if not len(times):
            return []
        edges = np.flatnonzero(np.diff(times) > self._apart) + 1
        starts = np.concatenate([[0], edges])
        if not last:
            starts, edges = starts[:-1], edges
        sizes = np.diff(np.concatenate([starts, [len(times)] if last else edges[-1:]]))
        if not len(sizes):
            return []
        stamps = times[starts]
        room = np.append(np.diff(stamps), np.inf if last else times[edges[-1]] - stamps[-1])
        stood = np.flatnonzero(sizes * self._interval / 2 > room + STANDSTILL_S)
        if len(stood):
            self._stood.add(stamps[stood[0]] + self._shift, 0.0, int(sizes[stood[0]]))
            sizes, stamps, room = (each[: stood[0] + 1] for each in (sizes, stamps, room))
            room[-1] = np.inf
        count = int(sizes.sum())
        self._times, self._values = times[count:], values[count:]
        placed = times[:count] if (sizes == 1).all() else self._place(stamps, sizes, room)
        placed = placed + self._shift if self._shift else placed
        result = (self._session, placed, values[:count])
        self._last, self._alone, self._fresh = float(placed[-1]), bool(sizes[-1] == 1), False
        if not len(stood):
            return [result]
        if len(self._times):
            self._begin(self._times[0])
        return [result, *self._spread(last=last)]

    def _place(self, stamps: Array, sizes: NDArray[np.int64], room: Array) -> Array:
        step = np.minimum(room / sizes, STRETCH * self._interval)
        step[np.isinf(room)] = self._interval
        begin = stamps.copy()
        if self._fresh and 1 < sizes[0] < self._pace.packet and np.isfinite(room[0]):
            # recording began within a packet: its last samples
            step[0] = min(step[0], self._interval)
            begin[0] += room[0] - sizes[0] * step[0]
        if self._pace.packet == 1:
            # samples that come together after a pause were taken in it
            before = np.diff(stamps, prepend=self._last - self._shift)
            alone = np.append(self._alone, sizes[:-1] == 1)
            held = (sizes > 1) & alone & (before > np.maximum(room, 1.5 * self._interval))
            step[held] = np.minimum(before[held] / sizes[held], self._interval)
            begin[held] -= (sizes[held] - 1) * step[held]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.asarray(np.repeat(begin, sizes) + within * np.repeat(step, sizes))
