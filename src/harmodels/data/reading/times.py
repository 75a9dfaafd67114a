"""Forms of the time in a file, and its cells as seconds."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.errors import DataError

Array = NDArray[np.float64]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
ISO = "iso"
DAYS = "days"  # serial days, as spreadsheets (since 1900) and MATLAB (since year 0) count them

EPOCH_S = (978_307_200.0, 4_133_980_800.0)  # 2001 to 2101, in seconds since 1970
TYPICAL_HZ = 50.0  # of several units, the one is taken whose rate is nearest
POSSIBLE_HZ = (0.3, 10_000.0)  # of rows, by a unit that the column's name says
DAYS_EXCEL = (36_526.0, 73_051.0)  # 2000 to 2100
DAYS_MATLAB = (730_486.0, 767_011.0)
UNIX_EXCEL, UNIX_MATLAB = 25_569.0, 719_529.0  # 1970 in such days

NARROW = "\u202f"  # blank that browsers write before AM and PM

_LONG = {60.0: r"min|mins|minutes?", 3600.0: r"h|hrs?|hours?"}
_NAMED = {
    "ns": r"ns|nsec|nano|nanos|nanoseconds?",
    "us": r"us|usec|µs|μs|micro|micros|microseconds?",
    "ms": r"ms|msec|millis?|milliseconds?",
    "s": r"s|secs?|seconds?",
}
_DATE = (
    r"(?:(?P<weekday>[A-Za-z]{3,9}),? +)?"
    r"(?P<one>\d{1,4}|[A-Za-z]{3,9}\.?)(?P<gap>[-/. ])(?P<two>\d{1,2}|[A-Za-z]{3,9}\.?)"
    r"(?P<gap2>,? |[-/.])(?P<three>\d{2,4})"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?P<minutes>:\d{2})(?P<seconds>:\d{2})?(?P<fraction>[.,:]\d{1,9})?"
    r"(?P<half> ?[AaPp]\.?[Mm]\.?)?(?P<zone> ?(?:Z|UTC|(?:GMT|UTC)?[+-]\d{2}:?\d{2}))?"
)
_STAMP = re.compile(rf"(?:{_DATE})(?:(?P<between>,? +|T|_)(?:{_CLOCK}))?")
_TIME_OF_DAY = re.compile(_CLOCK)
_DIGITS = ("%Y", "%m", "%d", "%H", "%M", "%S")
_MINUTES = re.compile(r"\d{1,2}:\d{2}[.,]\d{1,9}")  # as a spreadsheet shows a time of the day
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_COMPACT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])([ T_]?)\d{6}(\.?\d{3}|\.\d{1,9})?"
)


def time_form(cells: Sequence[str], name: str = "") -> str:
    """Return the form of times, from the first cells of their column and its name.

    `s`, `ms`, `us`, `ns`, `days` (serial days), `iso`, or a pattern of strptime such as
    `%d/%m/%Y %H:%M:%S.%f`. Of 01/05/2024 the first number is the day, unless AM or PM follows or a
    number above 12 tells; `ambiguity` says so. Raises DataError where nothing fits.

    >>> time_form(["1714557600000", "1714557600020"]), time_form(["01.05.2024 10:00:00"])
    ('ms', '%d.%m.%Y %H:%M:%S')
    """
    filled = [cell.replace(NARROW, " ").strip() for cell in cells if cell and cell.strip()]
    if not filled:
        raise DataError(f"the column {name!r} holds no time" if name else "there is no time")
    compact = _most(_COMPACT, filled)
    if compact is not None:
        return f"%Y%m%d{compact[1]}%H%M%S" + (
            compact[2][:1].strip("0123456789") + "%f" if compact[2] else ""
        )
    numbers, known = _numbers(np.array(filled, dtype=object))
    if 2 * known.sum() > len(known):
        return _unit_of(numbers[known], name)
    if _most(_ISO, filled) is not None:
        return ISO
    if _most(_MINUTES, filled) is not None:
        return "%M:%S.%f"
    clock = _most(_TIME_OF_DAY, filled)
    if clock is not None:
        return _clock_pattern(clock)
    stamp = _most(_STAMP, filled)
    if stamp is None or (pattern := _pattern(stamp, filled)) is None:
        raise DataError(
            f"no form of the time is known that fits {filled[0]!r}; "
            "say a pattern of strptime, for example --time-unit '%d/%m/%Y %H:%M:%S.%f'"
        )
    return pattern


def ambiguity(form: str, cells: Sequence[str]) -> str:
    """Return a sentence where the day and the month of dates in this form can be taken otherwise.

    >>> ambiguity("%d/%m/%Y", ["01/05/2024"])
    "01/05/2024 is taken as 1 May 2024; if it is 5 January, say --time-unit '%m/%d/%Y'"
    """
    match = re.match(r"%([dm])([-/. ])%([dm])", form)
    dates = [found for cell in cells if (found := re.match(r"(\d+)[-/. ](\d+)", cell.strip()))]
    if not match or not dates or any(max(int(d[1]), int(d[2])) > 12 for d in dates):
        return ""
    shown = next((date for date in dates if int(date[1]) != int(date[2])), None)
    if shown is None:
        return ""
    swapped = f"%{match[3]}{match[2]}%{match[1]}" + form[match.end() :]
    stamps = [_stamp(shown.string.strip(), each) for each in (form, swapped)]
    if None in stamps:
        return ""
    one, two = (f"{stamp.day} {stamp:%B}" for stamp in stamps)
    return (
        f"{shown.string.strip()} is taken as {one} {stamps[0].year}; "
        f"if it is {two}, say --time-unit '{swapped}'"
    )


class Times:
    """Cells of the time as seconds since the first one, exact for whole nanoseconds since 1970.

    `origin` is the first time as the file has it: a Timestamp (with its zone, or without one) or
    seconds; it is None until there was one. Times of the day go on after midnight; their origin is
    in seconds since midnight. Raises DataError if the form is none that `time_form` returns.
    """

    origin: Any

    def __init__(self, form: str) -> None:
        if form not in (*SECONDS, DAYS, ISO) and "%" not in form:
            raise DataError(
                f"--time-unit {form}: it is one of {', '.join(SECONDS)}, {ISO}, or a pattern of "
                "strptime such as '%d/%m/%Y %H:%M:%S.%f'"
            )
        self.form = form
        self.origin = None
        self._first: Any = None
        dated = "%" not in form or any(code in form for code in ("%d", "%j", "%x", "%c"))
        self._of_day = 0.0 if dated else 86_400.0 if re.search("%[HI]", form) else 3_600.0
        self._last = self._added = 0.0

    def seconds(self, cells: NDArray[Any]) -> Array:
        """Return (n,) seconds of numbers or text; NaN where a cell is no time."""
        if self.form in SECONDS or self.form == DAYS:
            return self._of_numbers(cells)
        text = pd.Series(cells, dtype="str").str.strip()
        return self._of_dates(text.str.replace(NARROW, " ") if "%p" in self.form else text)

    def _of_numbers(self, cells: NDArray[Any]) -> Array:
        per_second = round(1 / SECONDS.get(self.form, 1.0))
        scale = 86_400.0 if self.form == DAYS else 1.0
        numbers, known = _numbers(cells)
        if self._first is None and known.any():
            self._first = numbers[known][0]
            self.origin = float(self._first) * scale / per_second
            if self.form == DAYS:
                unix = UNIX_EXCEL if self._first < DAYS_MATLAB[0] else UNIX_MATLAB
                seconds = (float(self._first) - unix) * scale
                self.origin = pd.Timestamp(round(seconds * 1e6), unit="us")
        if self._first is None:
            return np.full(len(cells), np.nan)
        # nanoseconds since 1970 have more digits than float64: subtract first
        if numbers.dtype.kind in "iu":
            difference = (numbers.astype(np.int64) - int(self._first)).astype(np.float64)
        else:
            difference = numbers - float(self._first)
        return np.where(known, difference * scale / per_second, np.nan)

    def _of_dates(self, text: "pd.Series[str]") -> Array:
        stamps = _parsed(text, self.form)
        known = stamps.notna().to_numpy()
        if not known.any():
            return np.full(len(text), np.nan)
        whole = pd.DatetimeIndex(stamps).as_unit("ns").asi8
        if self._first is None:
            self._first = whole[known][0]
            first = _stamp(text[known].iloc[0], self.form)
            self.origin = first
            if self._of_day:
                self.origin = (first - first.normalize()).total_seconds()
        seconds = np.where(known, (whole - self._first) / 1e9, np.nan)
        return self._past_midnight(seconds, known) if self._of_day else seconds

    def _past_midnight(self, seconds: Array, known: NDArray[np.bool_]) -> Array:
        steps = np.diff(seconds[known], prepend=self._last)
        self._last = float(seconds[known][-1])
        days = np.cumsum(np.where(steps < -self._of_day / 2, self._of_day, 0.0)) + self._added
        self._added = float(days[-1])
        seconds[known] += days
        return seconds


def _most(pattern: re.Pattern[str], cells: list[str]) -> re.Match[str] | None:
    """Return the longest match where most of the cells match as a whole."""
    found = [match for cell in cells if (match := pattern.fullmatch(cell))]
    return max(found, key=lambda match: len(match[0])) if 2 * len(found) > len(cells) else None


def _numbers(cells: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return numbers, whole ones where all are, and which cells hold one."""
    if cells.dtype.kind in "iu":
        return cells, np.ones(len(cells), np.bool_)
    if cells.dtype.kind == "f":
        return cells, np.isfinite(cells)
    text = pd.Series(cells, dtype="str")
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers.isna().any():
        text = text.str.replace(r"^\s*([+-]?\d+),(\d+)\s*$", r"\1.\2", regex=True)
        numbers = pd.to_numeric(text, errors="coerce")
    known = np.isfinite(numbers.to_numpy(np.float64))
    if known.all() or not known.any():
        return numbers.to_numpy(), known
    part = pd.to_numeric(text[known]).to_numpy()  # whole numbers keep their digits
    result = np.zeros(len(cells), part.dtype)
    result[known] = part
    return result, known


def _unit_of(numbers: NDArray[Any], name: str) -> str:
    first, size = numbers[0], abs(float(numbers[0]))
    away = np.asarray(numbers - first, np.float64)
    steps = np.abs(np.diff(away))
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else np.nan
    span = np.minimum(steps, 20 * usual).sum()  # pauses apart
    rows = len(steps) / span if span > 0 else np.nan  # rows by one of the unknown unit
    for low, high in (DAYS_EXCEL, DAYS_MATLAB):
        if low <= size < high and 1 <= rows / 86_400 <= POSSIBLE_HZ[1]:
            return DAYS
    rates = {unit: rows / seconds for unit, seconds in SECONDS.items()}
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = " ".join(re.split(r"[\W_\d]+", words)).lower()
    for size_s, pattern in _LONG.items():
        if re.search(rf"\b(?:{pattern})\b", words) and 5 <= rows / size_s <= POSSIBLE_HZ[1]:
            raise DataError(
                f"the column {name!r} counts in units of {size_s:g} s, which are not read; "
                f"say the samples a second in its place (--rate {rows / size_s:.4g})"
            )
    for unit, pattern in _NAMED.items():
        if re.search(rf"\b(?:{pattern})\b", words) and (
            np.isnan(rows) or POSSIBLE_HZ[0] <= rates[unit] <= POSSIBLE_HZ[1]
        ):
            return unit
    for unit, seconds in SECONDS.items():
        if EPOCH_S[0] <= size * seconds < EPOCH_S[1] and (
            np.isnan(rows) or POSSIBLE_HZ[0] <= rates[unit] <= POSSIBLE_HZ[1]
        ):
            return unit
    if np.isnan(rows):
        return "s"
    return min(SECONDS, key=lambda unit: float(abs(np.log(rates[unit] / TYPICAL_HZ))))


def _clock_pattern(match: re.Match[str]) -> str:
    fraction = (match["fraction"] or "")[:1]
    parts = ["%I" if match["half"] else "%H", "%M", *(["%S"] if match["seconds"] else [])]
    half = (" " if (match["half"] or "").startswith(" ") else "") + "%p" if match["half"] else ""
    zone = re.sub(r"UTC$|Z$|[+-].*", lambda z: "%Z" if z[0] == "UTC" else "%z", match["zone"] or "")
    return ":".join(parts) + (f"{fraction}%f" if fraction else "") + half + zone


def _pattern(match: re.Match[str], cells: list[str]) -> str | None:
    numbers = [each for cell in cells if (each := _STAMP.fullmatch(cell))]
    order = _order(match, numbers)
    if order is None:
        return None
    weekday = ""
    if match["weekday"]:
        word = "%a" if len(match["weekday"]) == 3 else "%A"
        weekday = word + match.string[match.end("weekday") : match.start("one")]
    date = weekday + match["gap"].join(order[:2]) + match["gap2"] + order[2]
    if match["between"] is None:
        return date
    return date + match["between"] + _clock_pattern(match)


def _order(match: re.Match[str], every: list[re.Match[str]]) -> tuple[str, str, str] | None:
    year = "%Y" if len(match["three"]) == 4 else "%y"
    if len(match["one"]) == 4 and match["one"].isdigit():
        middle = "%m" if match["two"].isdigit() else _month(match["two"])
        return "%Y", middle, "%d"
    if not match["one"].isdigit():
        return _month(match["one"]), "%d", year
    if not match["two"].isdigit():
        return "%d", _month(match["two"]), year
    first = max(int(each["one"]) for each in every if each["one"].isdigit())
    second = max(int(each["two"]) for each in every if each["two"].isdigit())
    if first > 12 and second > 12:
        return ("%y", "%m", "%d") if int(match["two"]) <= 12 else None
    if first > 31:  # a year of two digits
        return "%y", "%m", "%d"
    if second > 12 or (first <= 12 and match["half"]):
        return "%m", "%d", year
    return "%d", "%m", year


def _month(word: str) -> str:
    return "%b" if len(word.rstrip(".")) == 3 else "%B"


def _variants(form: str) -> list[str]:
    """Return a pattern, and the same with or without a fraction of the second."""
    fraction = re.search(r"(?<=%S)\D?%f", form)
    if fraction:
        return [form, form.replace(fraction[0], "")]
    return [form, form.replace("%S", "%S.%f")] if "%S" in form else [form]


def _parsed(text: "pd.Series[str]", form: str) -> "pd.Series[pd.Timestamp]":
    if form == ISO:
        offset = text.iloc[0][-6:] if len(text) else ""
        if re.fullmatch(r"[+-]\d\d:\d\d", offset) and text.str.endswith(offset).all():
            # one offset for all is subtracted at once: pandas is ten times slower with each
            stamps = pd.to_datetime(text.str[:-6], errors="coerce", utc=True, format="ISO8601")
            return stamps - pd.Timedelta(f"{offset}:00")
        return pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    stamps = pd.Series(pd.NaT, text.index, dtype="datetime64[ns, UTC]")
    iso = _as_iso(form)
    if iso:  # which pandas reads ten times faster
        stamps = pd.to_datetime(
            text.str.replace(*iso, regex=True), errors="coerce", utc=True, format="ISO8601"
        )
    for each in _variants(form):
        missing = stamps.isna() & (text != "")
        if missing.any():
            again = pd.to_datetime(text[missing], errors="coerce", utc=True, format=each)
            stamps = stamps.astype("datetime64[ns, UTC]")
            stamps[missing] = again.astype("datetime64[ns, UTC]")
    return stamps


def _as_iso(form: str) -> tuple[str, str] | None:
    """Return the expression of dates in this form, and by what they become ISO dates."""
    codes = re.findall("%.", form)
    parts = dict.fromkeys(_DIGITS, r"(\d\d)") | {"%Y": r"(\d{4})", "%f": r"(\d{1,9})"}
    if sorted(codes) not in (sorted(_DIGITS), sorted([*_DIGITS, "%f"])):
        return None
    expression = re.sub("%.", lambda code: parts[code[0]], re.escape(form).replace(r"\%", "%"))
    year, month, day, *clock = (rf"\{codes.index(code) + 1}" for code in _DIGITS)
    fraction = rf".\{codes.index('%f') + 1}" if "%f" in codes else ""
    return f"^{expression}$", f"{year}-{month}-{day}T{':'.join(clock)}{fraction}"


def _stamp(cell: str, form: str) -> Any:
    """Return one time, with its zone as it is written."""
    for each in ["ISO8601"] if form == ISO else _variants(form):
        stamp = pd.to_datetime(cell, errors="coerce", format=each)
        if not pd.isna(stamp):
            return stamp
    return None
