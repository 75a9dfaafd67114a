"""Which column of a file is what: recognised by its header, or as a user says."""

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harmodels.data.reading.form import Form
from harmodels.data.reading.programs import (
    ACC,
    AXES,
    GRAVITY,
    GYRO,
    KNOWN,
    USER,
    Sensors,
    cells,
    check_one,
    find_sensors,
    form_of_time,
    from_preamble,
    judged_unit,
    said_unit,
    sensor_of,
    start_of,
    time_columns,
)
from harmodels.data.reading.times import Times
from harmodels.data.units import known_unit, unit_factor, unit_parts
from harmodels.errors import DataError
from harmodels.messages import listed, unknown_key

TIME = "time"


@dataclass(frozen=True)
class Given:
    """What a user says of a file; it goes before whatever is recognised.

    `columns` by channel and by `time`: the name of a column, or of several whose values are added
    (`gravityX+userAccelerationX`). `units` by channel or a part of the names of several (`acc`).
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    time_unit: str | None = None  # `s`, `ms`, `us`, `ns`, `iso`, or a pattern of strptime
    rate_hz: float | None = None  # where there is no column of the time


@dataclass(frozen=True)
class Meaning:
    """Which column of a file is what.

    Units have the form that `data.units.unit_factor` reads: `m/s2`, `-g` (all signs turned),
    `8192/g` (so many steps are one g).
    """

    program: str  # that wrote the file, such as `phyphox`; empty where it is not known
    columns: Mapping[str, tuple[str, ...]]  # by channel; the values of several are added
    units: Mapping[str, str]  # by channel, as in the file
    time: tuple[str, ...] = ()  # its column, or date and time of the day in two; empty: none
    time_unit: str = "s"  # as in Given
    rate_hz: float | None = None  # where there is no column of the time
    starts: str | None = None  # ISO time of the first row where a preamble names it

    def options(self) -> str:
        """Return the options of `harmodels classify` that say the same.

        >>> Meaning("", {"acc_x": ("a x",)}, {"acc_x": "-g"}, ("t",), "ms").options()
        "--columns 'time=t,acc_x=a x' --unit acc_x=-g --time-unit ms"
        """
        named = {TIME: self.time} if self.time else {}
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(
            f"{channel}={'+'.join(names)}" for channel, names in (named | {**self.columns}).items()
        )
        words = ["--columns", line.getvalue()]
        for name, unit in _shortest(self.units).items():
            words += ["--unit", f"{name}={unit}"]
        if self.time:
            words += ["--time-unit", self.time_unit]
        if self.rate_hz is not None:
            words += ["--rate", f"{self.rate_hz:.12g}"]
        return shlex.join(words)


def recognise(
    form: Form,
    channels: Sequence[str],
    units: Sequence[str],
    given: Given | None = None,
    file: str = "",
) -> Meaning:
    """Return where the channels of a model (and their units there) are in a file.

    Some programs tell the sensor by the name of the file alone. Raises DataError naming the channel
    that is not found, what columns there are, and the option that would help.
    """
    given = given or Given()
    found = find_sensors(form, file)
    said = {_channel(name, channels): text for name, text in given.columns.items() if name != TIME}
    columns = {
        channel: _added(form, channel, said[channel]) if channel in said
        else _columns_of(form, found, channel)
        for channel in channels
    }  # fmt: skip
    _check_apart(columns)
    read = _units(form, found, columns, dict(zip(channels, units, strict=True)), given.units)
    time, time_unit, rate_hz = _time(form, found, given)
    starts = start_of(form, found) if not time else None
    return Meaning(found.program, columns, read, time, time_unit, rate_hz, starts)


def channels_of(form: Form, given: Given | None = None, file: str = "") -> dict[str, str]:
    """Return unit by channel (`acc_x` … `gyro_z`) of all that is recognised in a file.

    What `harmodels train` takes as the channels of a new model. Raises DataError where nothing is
    recognised, or a unit is neither said nor evident.
    """
    given = given or Given()
    found = find_sensors(form, file)
    sensors = [(ACC, found.has(ACC) or (found.has(USER) and found.has(GRAVITY)))]
    sensors += [(GYRO, any((GYRO, axis) in found.axes for axis in AXES))]
    channels = [
        f"{sensor}_{axis}"
        for sensor, present in sensors
        for axis in AXES
        if present and (sensor == ACC or (sensor, axis) in found.axes)
    ]
    channels += [name for name in given.columns if name != TIME and name not in channels]
    if not channels:
        raise DataError(_not_found(form, found, "acc_x"))
    meaning = recognise(form, channels, [""] * len(channels), given, file)
    return {channel: base_unit(channel, unit) for channel, unit in meaning.units.items()}


def base_unit(channel: str, unit: str) -> str:
    """Return the unit in a file without its sign and steps. Raises DataError where none is said."""
    if not unit:
        sensor = channel.rpartition("_")[0] or channel
        raise DataError(
            f"the unit of {channel} is not said: add --unit {sensor}=…, such as m/s2, g, rad/s or "
            "deg/s"
        )
    base = unit_parts(unit)[0]
    return known_unit(base) or base


def _channel(name: str, channels: Sequence[str]) -> str:
    """Return the channel that a user names in full or by the end of its name."""
    if name in channels:
        return name
    matching = [channel for channel in channels if channel.endswith(f"_{name}")]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise DataError(f"--columns {name}=…: may be {' or '.join(matching)}; write it in full")
    text = unknown_key([name], [TIME, *channels])
    raise DataError("--columns: " + text.replace("unknown key", "unknown channel", 1))


def _added(form: Form, channel: str, text: str) -> tuple[str, ...]:
    """Return the columns whose sum a user means."""
    if text in form.names:
        return (text,)
    names = tuple(part.strip() for part in text.split("+"))
    for name in names:
        if name not in form.names:
            wrong = unknown_key([name], form.names).replace("unknown key", "no column", 1)
            raise DataError(f"{wrong} (--columns {channel}={text})")
    return names


def _columns_of(form: Form, found: Sensors, channel: str) -> tuple[str, ...]:
    """Return the columns of a channel that nobody named."""
    key = sensor_of(channel)
    if key in found.axes:
        return (found.axes[key].column,)
    if channel in form.names:
        return (channel,)
    if key is not None:
        check_one(found, key, channel)
    parts = [found.axes.get((part, key[1])) for part in (GRAVITY, USER)] if key else []
    if key and key[0] == ACC and all(parts):
        return tuple(part.column for part in parts if part)
    raise DataError(_not_found(form, found, channel))


def _not_found(form: Form, found: Sensors, channel: str) -> str:
    sensor = (sensor_of(channel) or ("", ""))[0]
    of = f" of {found.program}" if found.program else ""
    if sensor == ACC and any(part == USER for part, _ in found.axes):
        without = next(axis.column for (part, _), axis in found.axes.items() if part == USER)
        remedy = found.entry.get("without", "give a recording of acceleration with gravity")
        return (
            f"{without}{of} is acceleration without gravity, and the model reads {channel} with "
            f"it, which cannot be computed: {remedy}"
        )
    if not form.header:
        rows = "; ".join(form.separator.join(row) for row in form.sample[:1])
        return (
            f"no column for {channel}: the file has no names of columns, and its first row is "
            f"{rows}; say which is which by number (--columns time=1,{channel}=2,…)"
        )
    return (
        f"no column for {channel}{of} (columns: {_names_of(form)}); say which it is "
        f"(--columns {channel}=COLUMN)"
    )


def _names_of(form: Form) -> str:
    """Return the names of columns; one with a comma shows how an option quotes it."""
    texts = [f'"{name}"' if "," in name else name for name in form.names]
    comma = next((name for name in form.names if "," in name), "")
    how = f""", to be quoted as in '"acc_x={comma}"'""" if comma else ""
    return listed(texts, 20) + how


def _check_apart(columns: Mapping[str, tuple[str, ...]]) -> None:
    """Raise DataError where two channels are the same columns."""
    seen: dict[tuple[str, ...], str] = {}
    for channel, names in columns.items():
        other = seen.setdefault(tuple(sorted(names)), channel)
        if other != channel:
            raise DataError(
                f"{'+'.join(names)} is given for {other} and {channel}; each channel has a column "
                "of its own (--columns)"
            )


def _units(
    form: Form,
    found: Sensors,
    columns: Mapping[str, tuple[str, ...]],
    wanted: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Return the unit of each channel in the file: as given, said, told by gravity, or wanted."""
    by_column = {axis.column: axis.unit for axis in found.axes.values()}
    units: dict[str, str] = {}
    for channel, names in columns.items():
        said = {by_column.get(name) or said_unit(form, name) for name in names}
        if len(said) > 1:
            raise DataError(
                f"{' and '.join(names)} have different units ({', '.join(sorted(said))}), and "
                f"cannot be added for {channel}"
            )
        units[channel] = said.pop()
    for sensor in {channel.rpartition("_")[0] for channel in columns if not units[channel]}:
        axes = [channel for channel in columns if channel.rpartition("_")[0] == sensor]
        if len(axes) == len(AXES) and (sensor_of(axes[0]) or ("",))[0] == ACC:
            unit = judged_unit(form, [columns[channel] for channel in axes])
            units |= {channel: unit for channel in axes if not units[channel]}
    for name, unit in given.items():
        matching = [channel for channel in columns if f"_{name}_" in f"_{channel}_"]
        if not matching:
            raise DataError(f"--unit {name}={unit}: the model has {', '.join(columns)}")
        units |= dict.fromkeys(matching, unit)
    for channel, unit in units.items():
        own = wanted[channel]
        units[channel] = unit or known_unit(own) or own
        try:
            unit_factor(units[channel], own or units[channel])
        except ValueError as error:
            option = (
                f"--unit {channel}={unit}"
                if _is_given(channel, given)
                else "".join(columns[channel][:1])
            )
            raise DataError(f"{option}: {error}") from None
    return units


def _is_given(channel: str, given: Mapping[str, str]) -> bool:
    return any(f"_{name}_" in f"_{channel}_" for name in given)


def _time(form: Form, found: Sensors, given: Given) -> tuple[tuple[str, ...], str, float | None]:
    """Return the columns of the time, their form, and the rate where there are none."""
    if given.rate_hz is not None:
        if TIME in given.columns:
            raise DataError("give either the column of the time (--columns time=…) or --rate")
        return (), "s", given.rate_hz
    if TIME in given.columns:
        names = _added(form, TIME, given.columns[TIME])
        return names, _time_form(form, found, names, given.time_unit), None
    wrong: list[DataError] = []
    for names in time_columns(form, found):
        try:
            return names, _time_form(form, found, names, given.time_unit), None
        except DataError as error:
            wrong.append(error)
    rate = from_preamble(form, (found.entry or KNOWN["unknown"]).get("rate"))
    if rate is None and wrong:
        raise wrong[0]
    if rate is None:
        raise DataError(
            f"no column of the time (columns: {_names_of(form)}); say which it is "
            "(--columns time=COLUMN), or how many samples a second there are (--rate HZ)"
        )
    return (), "s", float(rate.replace(",", "."))


def _time_form(form: Form, found: Sensors, names: Sequence[str], given: str | None) -> str:
    """Return the form of times in these columns, which fits the first of them."""
    if given is None:
        return form_of_time(form, found, names)
    times = Times(given)
    texts = [" ".join(row) for row in zip(*(cells(form, name) for name in names), strict=True)]
    if texts and np.isnan(times.seconds(np.array(texts, dtype=object))).all():
        raise DataError(
            f"{texts[0]!r} in the column {'+'.join(names)} is no time in the form {given}; leave "
            "--time-unit out, or say another one"
        )
    return given


def _shortest(units: Mapping[str, str]) -> dict[str, str]:
    """Return units by as few names as say the same."""
    short: dict[str, str] = {}
    for channel, unit in units.items():
        name = channel.rpartition("_")[0] or channel
        alike = [other for other in units if f"_{name}_" in f"_{other}_"]
        same = all(units[other] == unit and other.rpartition("_")[0] == name for other in alike)
        short[name if len(alike) > 1 and same else channel] = unit
    return short
