"""Samples in the order of time, where a file has them nearly so; and where its clock was set."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

HELD = 256  # rows by which a sample may be late
BLOCK = 1 << 14  # rows that are decided on at once; the result does not depend on how rows come
STRAYS = 8  # samples in a row whose times are far from those around them
NEAR = 3  # rows by which a sample may be late without another look
CROWDED = 1.5  # times as many samples as there is room for: the clock was set back
JUMP_S = 30 * 86_400.0  # nobody pauses a recording for a month: the clock was set


@dataclass
class Event:
    """Something that happens to a clock, counted; where and by how much at first."""

    count: int = 0
    first_s: float = 0.0  # since the start
    amount: float = 0.0  # at first, in seconds

    def add(self, place_s: float, amount: float, count: int = 1) -> None:
        """Count it once more."""
        if not self.count:
            self.first_s, self.amount = place_s, amount
        self.count += count


class Part(NamedTuple):
    """Some samples of one session: times (n,) as in the file, which do not fall, and values."""

    begins: bool  # whether a session begins with them
    times: Array
    values: Array
    shift: float  # added to times: seconds since the start of the recording


class Order:
    """Sorts what came late, leaves strays out, and parts sessions where the clock was set.

    The parts are the same for any size of the chunks that are pushed.
    """

    def __init__(self) -> None:
        self.back, self.ahead, self.late, self.stray = Event(), Event(), Event(), Event()
        self.disorder = 0
        self._waiting: list[tuple[Array, Array]] = []  # that were pushed
        self._rows = 0  # of these
        self._times, self._values = np.empty(0), np.empty((0, 0))  # that are decided on
        self._held, self._held_values = np.empty(0), np.empty((0, 0))
        self._begins = True
        self._elapsed = 0.0  # of the sessions before
        self._start = 0.0  # of this session, as in the file
        self._given = -np.inf  # the last time that left

    def push(self, times: Array, values: Array) -> list[Part]:
        """Take (n,) times in the order of the file and (n, D) values."""
        if not len(times):
            return []
        self._waiting.append((times, values))
        self._rows += len(times)
        parts: list[Part] = []
        if self._rows >= BLOCK + HELD:
            self._gather()
        while self._rows >= BLOCK + HELD:
            parts += self._decide(BLOCK)
        return parts

    def finish(self) -> list[Part]:
        """Return what is held back."""
        self._gather()
        return [*self._decide(self._rows), *self._give(everything=True)]

    def _gather(self) -> None:
        waiting = self._waiting
        if self._rows > sum(len(each[0]) for each in waiting):
            waiting = [(self._times, self._values), *waiting]
        if waiting:
            self._times = np.concatenate([each[0] for each in waiting])
            self._values = np.concatenate([each[1] for each in waiting])
        self._waiting = []

    def _place(self, time: float) -> float:
        """Return the seconds since the start of the recording."""
        return self._elapsed + max(0.0, time - self._start)

    def _decide(self, count: int) -> list[Part]:
        times, parts, start, done = self._times, list[Part](), 0, 0
        near, suspects = self._compare(0, count)
        row = int(suspects.argmax()) if suspects.any() else count
        while row < count:
            self._take(start, row, near)
            parts += self._give(everything=False) if len(self._held) > 4 * HELD else []
            start = row
            done, kind = self._judge(row)
            near[row:done] = False
            if kind == "back":
                tail = self._held[-HELD:]
                next_s = float(tail[-1] + (tail[-1] - tail[0]) / max(len(tail) - 1, 1))
                self.back.add(self._place(next_s), next_s - float(times[row]))
                parts += self._give(everything=True)
            elif kind == "leave out":
                self.stray.add(self._place(self._held[-1]), 0.0, done - row)
                start = done
            if kind in ("back", "stray"):
                near[row:], suspects[row:] = self._compare(row, count)
                suspects[row] &= kind == "stray"
            later = suspects[max(done, row) :]
            row = max(done, row) + int(later.argmax()) if later.any() else count
        done = max(done, count)
        self._take(start, done, near)
        self._times, self._values = times[done:], self._values[done:]
        self._rows -= done
        return [*parts, *self._give(everything=False)]

    def _compare(self, start: int, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rows come a few rows late, and which others are before one above them."""
        times = self._times[start:count]
        for rows in (NEAR, 10 * NEAR):  # the second where there are too many to look at each
            held = self._held[-rows - 1 :]
            before = np.concatenate([np.full(rows + 1 - len(held), -np.inf), held, times])
            tops = np.maximum.accumulate(before)
            below = times < tops[rows : rows + len(times)]
            near = below & (times >= tops[: len(times)])
            if near.any():  # and the time passes the latest one again soon
                ahead = self._times[start : count + 2 * rows]
                ahead = np.pad(
                    ahead, (0, len(times) + 2 * rows - len(ahead)), constant_values=np.inf
                )
                soon = sliding_window_view(ahead, 2 * rows)[: len(times)][near].max(axis=1)
                near[near] = soon >= tops[rows : rows + len(times)][near]
            suspects = below & ~near
            falls = times < before[rows : rows + len(times)]
            if (suspects & falls).sum() <= len(times) / 64:
                break
        return near, suspects

    def _judge(self, fall: int) -> tuple[int, str]:
        """Return up to which row a step back lasts, and what it is."""
        ahead = self._times[fall : fall + HELD + 1]
        tail = self._held[-HELD:]
        top = tail[-1]
        returns = np.flatnonzero(ahead >= top)
        back = bool(len(returns)) or len(ahead) <= HELD  # at the end of the file nobody knows
        end = fall + int(returns[0] if len(returns) else len(ahead))
        rows = self._times[fall:end]
        low = rows.min()
        if back and (low >= tail[0] or len(self._held) < HELD) and self._has_room(fall, end):
            self.disorder = max(self.disorder, int((tail > low).sum()))
            self.late.add(self._place(low), 0.0, len(rows))
            return end, "late"
        number = int((tail > ahead[0]).sum())
        if number <= STRAYS and number < len(tail):
            before, usual = tail[-number - 1], _usual(tail[:-number])
            if tail[-number] - before > max((top - ahead[0]) / 2, STRAYS / 2 * usual):
                self._held = self._held[:-number]
                self._held_values = self._held_values[:-number]
                self.stray.add(self._place(before), 0.0, number)
                return fall, "stray"
        short = len(returns) and len(rows) <= STRAYS
        if short and self._times[end] - top < (top - rows.max()) / 2:
            return end, "leave out"
        return fall, "back"

    def _has_room(self, start: int, end: int) -> bool:
        """Return whether rows fit between those before; else the clock was set back a little."""
        rows, tail = self._times[start:end], self._held[-HELD:]
        low, top = rows.min(), tail[-1]
        earlier = rows[rows < tail[0]]
        if len(earlier):  # than the session: only a few that belong to it
            gap = tail[0] - earlier.max()
            usual = _usual(np.sort(np.concatenate([tail, rows])))
            if len(earlier) > max(STRAYS, len(tail) // 4) or gap > STRAYS / 2 * usual > 0:
                return False
        if len(tail) < STRAYS or top == tail[0]:
            return True
        pauses, usual = np.diff(tail), _usual(tail)
        usable = pauses <= 2 * usual if usual else pauses >= 0
        room = (top - low) * usable.sum() / pauses[usable].sum()
        crowd = int((tail >= low).sum() - (tail == top).sum()) + len(rows)
        if crowd <= CROWDED * room + 2:
            return True
        values = np.concatenate([self._held_values[-HELD:], self._values[start:end]])
        copies = _copies(np.concatenate([tail, rows]), values)
        return crowd - int(copies[len(tail) :].sum()) <= CROWDED * room + 2

    def _take(self, start: int, end: int, near: NDArray[np.bool_]) -> None:
        times, values = self._times[start:end], self._values[start:end]
        if not len(times):
            return
        if not len(self._held):
            if self._begins:
                self._start = float(times[0])
            self._held, self._held_values = times, values
        else:
            self._held = np.concatenate([self._held, times])
            self._held_values = np.concatenate([self._held_values, values])
        late = np.flatnonzero(near[start:end])
        if len(late):
            last = len(self._held) - len(times)  # rows of the file before these
            back = np.arange(1, 10 * NEAR + 1)[:, None]
            at = np.maximum(last + late - back, 0)
            rows = (self._held[at] > times[late]) & (last + late >= back)
            self.disorder = max(self.disorder, int(rows.sum(axis=0).max()))
            self.late.add(self._place(times[late[0]]), 0.0, len(late))
        if (np.diff(self._held[-len(times) - 1 :]) < 0).any():
            order = np.argsort(self._held, kind="stable")
            self._held, self._held_values = self._held[order], self._held_values[order]

    def _give(self, *, everything: bool) -> list[Part]:
        count = len(self._held)
        if not everything and count:
            # samples with one stamp stay together, unless there is no end of them
            count = int(np.searchsorted(self._held, self._held[-HELD:][0]))
            if not count and len(self._held) > 4 * BLOCK:
                count = len(self._held) - HELD
        times, values = self._held[:count], self._held_values[:count]
        self._held, self._held_values = self._held[count:], self._held_values[count:]
        parts: list[Part] = []
        if count:
            previous = times[0] if self._begins else self._given
            jumps = np.flatnonzero(np.diff(times, prepend=previous) > JUMP_S).tolist()
            for start, end in pairwise([0, *jumps, count]):
                if start in jumps:
                    before = float(times[start - 1]) if start else self._given
                    self.ahead.add(self._place(before), float(times[start]) - before)
                    self._elapsed, self._start = self._place(before), float(times[start])
                    self._begins = True
                if end > start:
                    shift = self._elapsed - self._start
                    part = Part(self._begins, times[start:end], values[start:end], shift)
                    parts.append(part)
                    self._begins = False
            self._given = float(times[-1])
        if everything and not self._begins:
            self._elapsed = self._place(self._given)
            self._begins = True
        return parts


def _usual(times: Array) -> float:
    """Return the longest pause but one; the longest may be a gap."""
    pauses = np.diff(times)
    return float(np.partition(pauses, -2)[-2]) if len(pauses) > 1 else 0.0


def copies_of(times: Array, values: Array) -> NDArray[np.bool_]:
    """Return (n,) which samples repeat time and values of another; times do not fall."""
    found = np.zeros(len(times), dtype=np.bool_)
    same = np.flatnonzero(np.diff(times) == 0)
    if len(same) and values.shape[1]:
        rows = np.union1d(same, same + 1)
        found[rows] = _copies(times[rows], values[rows])
    return found


def _copies(times: Array, values: Array) -> NDArray[np.bool_]:
    if not values.shape[1]:
        return np.zeros(len(times), dtype=np.bool_)
    return pd.DataFrame(np.column_stack([times, values])).duplicated().to_numpy()
