"""Which sensors a file holds: by the program that wrote it, or by the names of its columns.

What is known is data, `programs.json`, whose comment says how it is read; the live page reads the
same file.
"""

import importlib.resources
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harmodels.data.reading.form import Form
from harmodels.data.reading.times import time_form
from harmodels.data.units import UNITS, known_unit, unit_parts
from harmodels.errors import DataError

KNOWN: dict[str, Any] = json.loads(
    importlib.resources.files("harmodels.data.reading")
    .joinpath("programs.json")
    .read_text(encoding="utf-8")
)
AXES = "xyz"
ACC, USER, GRAVITY, GYRO, OTHER = "acc", "user", "gravity", "gyro", "other"
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")  # since 1970
TIME_UNITS = ("s", "sec", "seconds", "ms", "msec", "us", "µs", "ns")
ENDING = re.compile(r"_(m_?g|g|m_?s2|m_s_2|mps2|rad_?s|rads|deg_?s|dps)$")
# Sizes of gravity by which a unit that nobody says is told; a fifth is more than sensors err.
TELLING = {"g": (0.8, 1.2), "m/s2": (7.85, 11.77)}


class Axis(NamedTuple):
    """A column of one axis of a sensor, its unit (empty: not said), and the rank of its rule."""

    column: str
    unit: str
    rank: int


@dataclass
class Sensors:
    """The sensors of a file."""

    program: str  # empty where it is not known
    axes: dict[tuple[str, str], Axis] = field(default_factory=dict)  # by sensor and axis
    several: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # columns, likewise
    entry: dict[str, Any] = field(default_factory=dict)  # of the program in programs.json

    def has(self, sensor: str) -> bool:
        """Return whether the file holds three axes of a sensor."""
        return all((sensor, axis) in self.axes for axis in AXES)


def plain_name(name: str) -> tuple[str, str]:
    """Return a name in lower case with `_` between words, and the unit that was in it.

    >>> plain_name("Acceleration X (m/s²)"), plain_name("gyroX_dps"), plain_name("Time (s)")
    (('acceleration_x', 'm/s2'), ('gyro_x', 'deg/s'), ('time', 's'))
    """
    unit = ""
    for found in re.finditer(r"[(\[]((?:[^()\[\]]|\([^()]*\))*)[)\]]", name):
        bracket = found[1].strip()
        known = known_unit(bracket) or (bracket if bracket in TIME_UNITS else None)
        if known:
            unit, name = known, name.replace(found[0], " ", 1)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
    ending = ENDING.search(plain)
    if ending and not unit:
        spelled = ending[1].replace("_", "")
        unit = {"ms2": "m/s2", "rads": "rad/s", "degs": "deg/s"}.get(spelled, "") or (
            known_unit(spelled) or ""
        )
        plain = plain[: ending.start()]
    return plain, unit


def sensor_of(channel: str) -> tuple[str, str] | None:
    """Return sensor and axis of a channel of a model, or None where its name does not say it.

    >>> sensor_of("total_acc_x"), sensor_of("body_acc_z"), sensor_of("ch1")
    (('acc', 'x'), ('user', 'z'), None)
    """
    for rule in KNOWN["unknown"]["sensors"]:
        found = re.search(rule["columns"], plain_name(channel)[0]) if "file" not in rule else None
        if found:
            return None if rule["is"] == OTHER else (rule["is"], found[1])
    return None


def find_sensors(form: Form, file: str = "") -> Sensors:
    """Return the sensors of a file of this form and name."""
    entry: dict[str, Any] = next((e for e in KNOWN["programs"] if _is_of(form, e)), {})
    found, used = _find(form, file, entry)
    return found if used or not entry else _find(form, file, {})[0]


def _find(form: Form, file: str, entry: dict[str, Any]) -> tuple[Sensors, set[str]]:
    """Return the sensors of a file of a program (or of none), and the columns that it knows."""
    found = Sensors(entry.get("name", ""), entry=entry)
    rules = entry.get("sensors", KNOWN["unknown"]["sensors"])
    ranked = sorted(enumerate(rules), key=lambda item: "file" not in item[1])
    if not entry:
        ranked = list(enumerate(rules))
    used: set[str] = set()
    for rank, rule in ranked:
        if "file" in rule and not re.search(rule["file"], file, re.IGNORECASE):
            continue
        matching: dict[tuple[str, str], list[str]] = {}
        axes = rule.get("axes", AXES)
        for name in form.names:
            again = re.sub(r"\.\d+$", "", name)  # of a name that columns share
            own = again if again in form.names else name
            own = own if entry else plain_name(own)[0]
            match = re.search(rule["columns"], own, re.IGNORECASE)
            if match is None or name in used or not filled(form, name):
                continue
            if rule["is"] == OTHER:
                used.add(name)
            else:
                axis = AXES[axes.index(match[1].lower())]
                turns = UNITS.get(said_unit(form, name), ("",))[0] == "angular velocity"
                sensor = GYRO if rule["is"] == ACC and turns else rule["is"]
                matching.setdefault((sensor, axis), []).append(name)
        for key, columns in matching.items():
            used.update(columns)  # nor are they what a later rule says
            if key in found.axes or key in found.several:
                continue
            if len(columns) > 1:
                found.several[key] = columns
            else:
                unit = _unit(said_unit(form, columns[0]), rule.get("unit", ""))
                found.axes[key] = Axis(columns[0], unit, rank)
    return found, used


def judged_unit(form: Form, columns: Sequence[Sequence[str]]) -> str:
    """Return the unit in which the first rows of an acceleration are of the size of gravity.

    Each of the three axes is the sum of some columns. Empty where neither g nor m/s² fits.
    """
    axes = np.array([sum(numbers(form, name) for name in names) for names in columns])
    axes = axes[:, np.isfinite(axes).all(axis=0)]
    if not axes.size:
        return ""
    median = float(np.median(np.linalg.norm(axes, axis=0)))
    # what is left of motion alone, without gravity, is no direction
    if np.linalg.norm(axes.mean(axis=1)) < median / 2:
        return ""
    return next((unit for unit, (low, high) in TELLING.items() if low < median < high), "")


def cells(form: Form, name: str) -> list[str]:
    """Return the first cells of a column as they are written."""
    at = form.names.index(name)
    return [row[at].strip() for row in form.sample if at < len(row)]


def numbers(form: Form, name: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the first cells of a column as numbers; NaN where they are none."""
    return np.array([_number(cell) for cell in cells(form, name)], dtype=np.float64)


def from_preamble(form: Form, pattern: str | None) -> str | None:
    """Return what the groups of a pattern find above the header, joined by blanks."""
    found = re.search(pattern, "\n".join(form.preamble), re.IGNORECASE) if pattern else None
    return " ".join(found.groups()) if found else None


def time_columns(form: Form, found: Sensors) -> list[tuple[str, ...]]:
    """Return what may be the time, the best first: a column, or date and time of the day."""
    if found.entry:
        own = [column_of(form, pattern) for pattern in found.entry.get("time", [])]
        return [(name,) for name in own if name]
    known = KNOWN["unknown"]
    plain = {name: plain_name(name)[0] for name in form.names}
    first = {name: "".join(cells(form, name)[:1]) for name in form.names}
    dates = [name for name in form.names if re.search(known["date"], plain[name])]
    days = [name for name in form.names if re.search(known["time_of_day"], plain[name])]
    pair = [(dates[0], days[0])] if len(dates) == len(days) == 1 else []
    columns: list[tuple[str, ...]] = [
        (date, day) for date, day in pair if ":" not in first[date] and ":" in first[day]
    ]
    # seconds beside hours and minutes are no time alone
    parts = any(re.search(known["parts_of_time"], name) for name in plain.values())
    for pattern in known["time"][: -1 if parts else None]:
        columns += [(name,) for name in form.names if re.search(pattern, plain[name])]
    # dates under any name; numbers under any name may be anything
    columns += [(name,) for name in form.names if re.search(r"\d[-/. ].*\d:\d", first[name])]
    return list(dict.fromkeys(columns))


def form_of_time(form: Form, found: Sensors, names: Sequence[str]) -> str:
    """Return the form of the times in these columns. Raises DataError where they are no times."""
    own = [column_of(form, pattern) for pattern in found.entry.get("time", [])]
    if "form" in found.entry and list(names) == own[:1]:
        return str(found.entry["form"])
    texts = [" ".join(row) for row in zip(*(cells(form, name) for name in names), strict=True)]
    read = time_form([text for text in texts if text.strip()], " ".join(names))
    order = from_preamble(form, found.entry.get("dates"))
    if order and (date := re.match(r"%[dmyY]\W%[dmyY]\W%[dmyY]", read)):
        read = _date_pattern(order) + read[date.end() :]
    return read


def start_of(form: Form, found: Sensors) -> str | None:
    """Return the ISO time of the first row that a preamble names."""
    text = from_preamble(form, found.entry.get("start"))
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return pd.Timestamp(float(text), unit="s", tz="UTC").isoformat()
    order = from_preamble(form, found.entry.get("dates"))
    pattern = f"%H:%M:%S {_date_pattern(order)}" if order else None
    stamp = pd.to_datetime(text, format=pattern, errors="coerce")
    return None if pd.isna(stamp) else stamp.isoformat()


def _date_pattern(order: str) -> str:
    """Return the pattern of dates in an order such as M/d/yyyy."""
    code = {"M": "%m", "d": "%d", "y": "%Y"}
    return re.sub(r"M+|d+|y+", lambda letters: code[letters[0][0]], order)


def _is_of(form: Form, entry: dict[str, Any]) -> bool:
    """Return whether a file is of a program."""
    if entry.get("header", form.header) != form.header:
        return False
    if "preamble" in entry and not re.search(
        entry["preamble"], "\n".join(form.preamble), re.IGNORECASE
    ):
        return False
    if not all(column_of(form, pattern) for pattern in entry.get("columns", [])):
        return False
    for pattern, wanted in entry.get("cells", {}).items():
        column = column_of(form, pattern)
        first = cells(form, column)[:1] if column else []
        if not first or not re.search(wanted, first[0], re.IGNORECASE):
            return False
    return True


def column_of(form: Form, pattern: str) -> str | None:
    """Return the first column whose name a pattern finds."""
    return next((name for name in form.names if re.search(pattern, name, re.IGNORECASE)), None)


def filled(form: Form, name: str, every: bool = False) -> bool:
    """Return whether first cells of a column hold numbers: any of them, or every one."""
    known = np.isfinite(numbers(form, name))
    return bool(known.all() or (not every and known.any()))


def said_unit(form: Form, name: str) -> str:
    """Return the unit of a sensor that a column's name or the row of units says, or nothing."""
    said = plain_name(name)[1] or (form.units[form.names.index(name)] if form.units else "")
    return known_unit(said) or ""


def _unit(said: str, ruled: str) -> str:
    """Return the unit in a file with the sign of its program, or the program's with its steps."""
    if not said or not ruled:
        return said or ruled
    steps = unit_parts(ruled)[1]
    return ruled if abs(steps) != 1 else "-" * (steps < 0) + said


def _number(cell: str) -> float:
    try:
        return float(cell.replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        return np.nan


def check_one(found: Sensors, key: tuple[str, str], channel: str) -> None:
    """Raise DataError where several columns may be one channel."""
    if key in found.several:
        options = " or ".join(found.several[key])
        raise DataError(
            f"{channel} may be {options}; say which (--columns {channel}={found.several[key][0]})"
        )
