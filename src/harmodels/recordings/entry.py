"""From a user's own recordings to the entry of a registry that describes them."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.data.reading.folder import channels_in, files_in
from harmodels.data.reading.form import read_form
from harmodels.data.reading.meaning import TIME, Given
from harmodels.data.reading.recording import open_recording
from harmodels.data.reading.table import Table
from harmodels.data.table_layout import TableLayout
from harmodels.data.tables.names import plain
from harmodels.data.tables.sources import Sources, find_sources, is_of_app
from harmodels.errors import DataError
from harmodels.messages import listed, shown, unknown
from harmodels.recordings.command import pairs, said

SENSORS = {"acc": "g", "gyro": "rad/s"}
AXES = ("x", "y", "z")
USUAL_HZ = 50.0
LARGEST_GAP_S = 0.2


@dataclass(frozen=True)
class Understood:
    """An entry of a registry, and what a user is shown of it."""

    name: str
    entry: dict[str, Any]
    lines: list[str]


def understand(given: argparse.Namespace, hz: float) -> Understood:
    """Return the entry of a user's files at a rate, of which the first is shown.

    Raises DataError naming file and column, and the option that would help.
    """
    of_file, names = said(given), pairs("--labels", given.labels)
    layout = _layout(given, of_file, names)
    chosen = _parts(given.classes)
    sources = find_sources(given.recordings, TableLayout(**layout), chosen)
    files = [source.path for source in sources.read]
    channels, notes = _channels(given.channels, files, of_file)
    first = open_recording(files[0], list(channels), list(channels.values()), of_file)
    steps = round(given.window * hz)
    if steps < 2:
        raise DataError(f"--window {given.window:g}: give {2 / hz:g} seconds or more at {hz:g} Hz")
    entry: dict[str, Any] = {
        "title": given.recordings.resolve().name,
        "licence": "my own recordings",
        "citation": "none",
        "worn": given.worn,
        "format": "table",
        "recordings": str(given.recordings),
        "rate_hz": hz,
        "channels": channels,
        "channel_groups": _groups(channels),
        "classes": classes_of(_labels(sources, layout), names, chosen),
        "window": {"steps": steps, "step": max(1, steps // 2), "largest_gap_s": LARGEST_GAP_S},
        "table": layout,
    }
    if not given.worn:
        del entry["worn"]
    return Understood(_name(given.out), entry, [*first.understood(), *notes])


def usual_rate(recorded_hz: float) -> float:
    """Return 50 Hz, or the rate of a slower recording, whole where it nearly is.

    >>> usual_rate(100.2), usual_rate(49.6), usual_rate(31.25), usual_rate(24.9)
    (50.0, 50.0, 31.25, 25.0)
    """
    if recorded_hz > 0.95 * USUAL_HZ:
        return USUAL_HZ
    whole = float(round(recorded_hz))
    return whole if abs(recorded_hz - whole) < 0.005 * recorded_hz else round(recorded_hz, 2)


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _layout(given: argparse.Namespace, of_file: Given, names: dict[str, str]) -> dict[str, Any]:
    """Return the key `table` of the entry: what was said; the rest is recognised in each file."""
    columns = dict(of_file.columns)
    said = {
        "subject": given.person,
        "label": given.label,
        "time": columns.pop(TIME, None),
        "time_unit": of_file.time_unit,
        "recorded_hz": of_file.rate_hz,
        "columns": columns,
        "units": dict(of_file.units),
        "labels": names,
        "files": given.files,
        "label_file": given.label_file,
        "intervals": given.intervals,
    }
    return {key: value for key, value in said.items() if value}


def _channels(
    asked: str | None, files: list[Path], of_file: Given
) -> tuple[dict[str, str], list[str]]:
    """Return unit by channel that the model reads, and what is said of a gyroscope left out."""
    names = [f"{sensor}_{axis}" for sensor in SENSORS for axis in AXES]
    notes = []
    if asked is None:
        why = _why_no_gyroscope(files, of_file)
        chosen = names if why is None else names[: len(AXES)]
        notes = [f"the gyroscope is left out: {why}"] if why else []
    else:
        parts = _parts(asked)
        strange = [part for part in parts if part not in (*SENSORS, *names)]
        if strange or not parts:
            raise DataError("--channels: " + unknown("channel", asked, [*SENSORS, *names]))
        chosen = [name for name in names if name in parts or name[:-2] in parts]
    return {name: SENSORS[name[:-2]] for name in chosen}, notes


def _why_no_gyroscope(files: list[Path], of_file: Given) -> str | None:
    """Return why not every file has a gyroscope, empty where none has; None where all have."""
    missing: dict[tuple[str, ...], str] = {}  # by header: a file without
    seen = set()
    for file in files:
        names = _names(file)
        if names in seen:
            continue
        seen.add(names)
        try:
            found = channels_in(file, of_file)
        except DataError as error:
            return str(error)
        if not {f"gyro_{axis}" for axis in AXES} <= set(found):
            missing[names] = file.name
    if not missing:
        return None
    return "" if len(missing) == len(seen) else f"{next(iter(missing.values()))} has none"


def _names(file: Path) -> tuple[str, ...]:
    """Return the names of a table's columns; of an app's folder or zip, of its files."""
    if is_of_app(file):
        return tuple(each.name for each in files_in(file))
    return read_form(file).names


def _groups(channels: dict[str, str]) -> dict[str, list[str]]:
    titles = {"acc": "acceleration", "gyro": "gyroscope"}
    groups = {
        title: [name for name in channels if name.startswith(sensor)]
        for sensor, title in titles.items()
    }
    return {title: names for title, names in groups.items() if names}


def _labels(sources: Sources, layout: dict[str, Any]) -> Counter[str]:
    """Return the labels that are met, with the number of their rows."""
    name, labels = layout["label"], Counter[str]()
    tables = sources.lists if "intervals" in layout else [source.path for source in sources.read]
    given = [source.given[name] for source in sources.read if name in source.given]
    if given and "intervals" not in layout:
        return Counter(given)
    for table in tables:
        for batch in Table(table).batches([name]):
            labels.update(batch.text(name).tolist())
    return labels


def classes_of(labels: Counter[str], names: dict[str, str], chosen: Sequence[str]) -> list[str]:
    """Return the classes, sorted: labels under their other names, those chosen alone.

    Of several ways to write a label, the most frequent is its name.
    """
    other = {plain(label): name for label, name in names.items()}
    ways: dict[str, Counter[str]] = {}
    for label, count in labels.items():
        name = other.get(plain(label), label)
        ways.setdefault(plain(name), Counter())[name] += count
    found = {key: counter.most_common(1)[0][0] for key, counter in ways.items() if key}
    strange = [name for name in chosen if plain(name) not in found]
    if strange:
        raise DataError("--classes: " + unknown("class", strange[0], sorted(found.values())))
    wanted = set(map(plain, chosen or found))
    classes = sorted(name for key, name in found.items() if key in wanted)
    if len(classes) < 2:
        raise DataError(
            f"the labels met are {listed(map(shown, classes))}: a classifier needs two activities "
            "or more; look whether --label is the right column, or record another activity"
        )
    return classes


def _name(out: Path) -> str:
    """Return the name of a data set for a model's folder."""
    text = "".join(c if c.isascii() and c.isalnum() else "-" for c in out.resolve().name.lower())
    return text.strip("-")[:100] or "recordings"
