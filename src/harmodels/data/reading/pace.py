"""The pace of a recording: its rate, packets and disorder, from all of its times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmodels.data.reading.order import Event, Order, Part, copies_of
from harmodels.data.reading.times import SECONDS
from harmodels.errors import DataError

Array = NDArray[np.float64]

SENSORS_HZ = (0.5, 8000.0)
FINENESS = 16  # bins of an interval for each doubling
FINEST = 2.0**-40  # s
SIZES = 32  # bins of how many samples share a stamp, one for each doubling
LONGEST_PERIOD_S = 2.0  # between packets, unless most intervals are longer
PROBED = 2048  # samples that show whether they come in bursts
SHORT = 1 / 4  # of the mean interval; a burst is over before
BURSTS = 0.4  # of the intervals are so short where samples come in bursts
DISORDERED = 20  # rows for each step of the clock; fewer are in no order


@dataclass(frozen=True)
class Pace:
    """What the times of a whole recording reveal."""

    rate_hz: float  # over all unbroken parts
    packet: int = 1  # samples that come at once, with one stamp or in a burst
    disorder: int = 0  # rows by which a sample may be late
    notes: tuple[str, ...] = ()  # one line each, with where and how much
    copies: bool = True  # whether rows that repeat a time and its values are copies of it


class PaceFinder:
    """Finds the pace of a recording from all of its times, in bounded memory.

    `form` is that of the times, for the remedy in a refusal.
    """

    def __init__(self, form: str = "s") -> None:
        self._form = form
        self._order = Order()
        self._rows = self._falls = self._sessions = 0
        self._last_pushed = -np.inf
        self._hopeless = False
        bins = (SIZES, 128 * FINENESS)
        self._count = np.zeros(bins)  # intervals between stamps, by samples a stamp and by length
        self._total = np.zeros(bins)  # their sum, in s
        self._samples = np.zeros((2, *bins))  # at the stamp before; without copies
        self._partial = np.zeros(3)  # the same of the first stamp of each session
        self._shared, self._copied = Event(), Event()
        self._early: list[Part] = []
        self._apart = 0.0  # longer pauses are between packets
        self._last = self._stamp = 0.0  # time of the last sample and of the first of its packet
        self._size = np.zeros(2)  # samples at the last stamp; without copies
        self._first = True

    def push(self, seconds: Array, values: Array | None = None) -> None:
        """Take (n,) more times in the order of the file, NaN left out.

        With the (n, D) values, rows that are there twice are known from samples that share a stamp.
        """
        if not len(seconds) or self._hopeless:
            return
        self._rows += len(seconds)
        self._falls += int((np.diff(seconds, prepend=self._last_pushed) < 0).sum())
        self._last_pushed = seconds[-1]
        none = np.empty((len(seconds), 0))
        self._add(self._order.push(seconds, none if values is None else values))
        self._hopeless = self._rows > 10_000 and self._is_disordered()

    def pace(self) -> Pace:
        """Return what was found; no times can be pushed afterwards.

        Raises DataError (without a file's name) where times do not rise, rows are in no order, or
        no sensor has such a rate; the message says what to do.
        """
        if not self._hopeless:
            self._add(self._order.finish(), last=True)
        self._check_order()
        ahead = self._order.ahead
        if ahead.count * DISORDERED > self._rows:  # a month from row to row
            self._check_rate(1 / ahead.amount)
        copies = self._copied.count >= 0.9 * self._shared.count
        rate, packet, period = self._find_rate(self._samples[int(copies)], int(copies))
        self._check_rate(rate)
        notes = self._notes(copies, packet, period)
        return Pace(float(rate), packet, self._order.disorder, notes, copies)

    def _check_rate(self, rate_hz: float) -> None:
        if not SENSORS_HZ[0] <= rate_hz <= SENSORS_HZ[1]:
            raise DataError(
                f"the recording has {rate_text(rate_hz)} samples a second by its times, and no "
                f"motion sensor has such a rate; {rate_remedy(rate_hz, self._form)}"
            )

    def _is_disordered(self) -> bool:
        order = self._order
        steps = order.back.count + order.stray.count
        late = 4 * order.late.count > self._rows
        return steps >= 3 and steps * DISORDERED * (5 if late else 1) > self._rows

    def _check_order(self) -> None:
        if self._rows < 2:
            raise DataError("a recording of fewer than two rows with a time has no rate")
        if self._is_disordered():
            if self._falls > 0.9 * self._rows:
                raise DataError(
                    "the times fall from row to row: the newest row comes first; sort the rows by "
                    "the time"
                )
            raise DataError(
                f"the time falls in {self._falls:,} of {self._rows:,} rows: the rows are in no "
                "order of time, or those of several recordings or sensors come in turn; sort them "
                "by the time, one recording after the other"
            )
        if not self._count.any() and not self._partial[0] and not self._order.ahead.count:
            raise DataError(
                "all rows have the same time; name another column of the time (--columns time=…) "
                "or leave it out and say the samples a second (--rate)"
            )

    def _add(self, parts: list[Part], *, last: bool = False) -> None:
        """Count parts, once enough are there to see whether samples come in bursts."""
        self._early += parts
        if sum(len(part.times) for part in self._early) < PROBED and not last:
            return
        if self._early and not self._apart:
            self._apart = _apart([np.diff(part.times) for part in self._early])
        for part in self._early:
            self._count_part(part)
        self._early = []

    def _count_part(self, part: Part) -> None:
        times = part.times
        copies = copies_of(times, part.values)
        if part.begins:
            self._sessions += 1
            self._first, self._size = True, np.zeros(2)
            self._last = self._stamp = float(times[0])
        pauses = np.diff(times, prepend=self._last)
        same = pauses < FINEST
        same[0] &= not part.begins
        if same.any():
            self._shared.add(times[same.argmax()] + part.shift, 0.0, int(same.sum()))
        if copies.any():
            self._copied.add(times[copies.argmax()] + part.shift, 0.0, int(copies.sum()))
        starts = np.flatnonzero(pauses > self._apart)
        ends = np.concatenate([starts, [len(times)]])
        total = np.cumsum(np.stack([np.ones(len(times)), ~copies]), axis=1)
        total = np.concatenate([np.zeros((2, 1)), total], axis=1)[:, ends]
        sizes = np.diff(total, axis=1, prepend=-self._size[:, None])
        stamps = np.concatenate([[self._stamp], times[starts]])
        self._size, self._stamp, self._last = sizes[:, -1], float(stamps[-1]), float(times[-1])
        if len(starts):
            self._count_intervals(np.diff(stamps), sizes[:, :-1])

    def _count_intervals(self, pauses: Array, sizes: Array) -> None:
        if self._first and sizes[0, 0] > 1:  # recording may begin within a packet
            self._partial += [pauses[0], *sizes[:, 0]]
            pauses, sizes = pauses[1:], sizes[:, 1:]
        self._first = False
        rows = np.log2(sizes[0]).astype(np.int64).clip(max=SIZES - 1)
        places = np.log2(np.maximum(pauses, FINEST) / FINEST) * FINENESS
        places = rows * self._count.shape[1] + places.astype(np.int64).clip(
            max=self._count.shape[1] - 1
        )
        length = self._count.size
        count = np.bincount(places, minlength=length)
        used = np.flatnonzero(count)  # of many recordings at once, only these take memory
        self._count.flat[used] += count[used]
        self._total.flat[used] += np.bincount(places, pauses, length)[used]
        for kind in range(2):
            self._samples[kind].flat[used] += np.bincount(places, sizes[kind], length)[used]

    def _find_rate(self, samples: Array, kind: int) -> tuple[float, int, float]:
        """Return samples a second, samples a packet, and seconds from packet to packet."""
        if not self._count.any():
            size = self._partial[1 + kind] / self._sessions
            return self._partial[1 + kind] / self._partial[0], round(size), self._partial[0]
        # a stamp that many more samples share than usual is a clock that stood still
        usual = _middle(np.arange(SIZES), self._count.sum(axis=1))
        kept = np.arange(SIZES) <= usual + 3
        count, total, size = (
            each[kept].sum(axis=0) for each in (self._count, self._total, samples)
        )
        length = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        usual_s = _middle(length, np.where(length <= _longest(length, count), total, 0.0))
        longest = 1.5 * usual_s
        early = count[length < usual_s / 2].sum()
        late = count[(length > longest) & (length <= 2.5 * usual_s)].sum()
        triple = count[(length > 2.5 * usual_s) & (length <= 3.5 * usual_s)].sum()
        every = count[length <= longest].sum() + late
        coarse = late > 0.05 * every and triple < late**2 / every / 4  # where two follow by chance
        if coarse or 0 < late < 2 * early:
            longest = 2.5 * usual_s  # no missing samples but coarse stamps or jitter
        inside = length <= longest
        rate = size[inside].sum() / total[inside].sum()
        each = size[inside].sum() / count[inside].sum()
        return rate, max(1, round(each)), each / rate

    def _notes(self, copies: bool, packet: int, period: float) -> tuple[str, ...]:
        notes, order = [], self._order
        for event, way in ((order.back, "back"), (order.ahead, "ahead")):
            place, amount = clock_text(event.first_s), _span(event.amount)
            times = f" {event.count} times, first" if event.count > 1 else ""
            if event.count:
                notes.append(
                    f"the clock steps {way}{times} by {amount} at {place}; the times after it go "
                    "on from there"
                )
        if order.late.count:
            notes.append(
                f"{counted(order.late.count, 'sample')} came late, by up to "
                f"{counted(order.disorder, 'row')}, first at "
                f"{clock_text(order.late.first_s)}; sorted by time"
            )
        if packet > 1:
            notes.append(
                f"samples come {packet} at once, every {_span(period)}; they are spread evenly "
                "over that time"
            )
        elif self._shared.count and not copies:
            notes.append(
                f"{counted(self._shared.count, 'sample')} had the time of the one before, first at "
                f"{clock_text(self._shared.first_s)}; they are spread over the time between"
            )
        return tuple(notes)


def _apart(pauses: list[Array]) -> float:
    """Return the pause between packets, longer than those in a burst."""
    every = np.concatenate(pauses)
    rising = np.sort(every[every >= FINEST])
    if not len(rising):
        return FINEST
    inside = rising[rising <= _longest(rising, np.ones(len(rising)))]
    mean = inside.sum() / (len(inside) + len(every) - len(rising))
    bursts = (inside <= SHORT * mean).mean() >= BURSTS
    return float(mean / 2) if bursts else FINEST


def _longest(lengths: Array, weights: Array) -> float:
    """Return the longest interval that can be one between packets."""
    return max(LONGEST_PERIOD_S, 3 * _middle(lengths, weights))


def unit_for(rate_hz: float, form: str) -> str:
    """Return the unit in which times of this form give a rate of a motion sensor, or nothing."""
    if form not in SECONDS or not rate_hz > 0:
        return ""
    for unit, size in SECONDS.items():
        if unit != form and 5 <= rate_hz * SECONDS[form] / size <= 1600:
            return unit
    return ""


def rate_remedy(rate_hz: float, form: str = "s") -> str:
    """Return what to do about a rate that no sensor has, or that is too low for a model."""
    unit = unit_for(rate_hz, form)
    if unit:
        return f"the times may be in {unit} (--time-unit {unit})"
    return "name another column of the time (--columns time=…), or check the unit (--time-unit)"


def rate_text(rate_hz: float) -> str:
    """Return a rate as a number: 49.98, or 50,000."""
    return f"{rate_hz:,.0f}" if rate_hz >= 1000 else f"{rate_hz:.4g}"


def clock_text(seconds: float) -> str:
    """Return a place in a recording: 0:18, or 1:02:05."""
    minutes, rest = divmod(int(seconds + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _middle(values: NDArray[np.float64 | np.int64], weights: Array) -> float:
    """Return the median of values with weights."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _span(seconds: float) -> str:
    for size, unit in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def counted(count: int, thing: str) -> str:
    """Return a number of things: 1 row, 2 rows."""
    return f"{count:,} {thing}" + "s" * (count != 1)
