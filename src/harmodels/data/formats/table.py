"""Recordings in tables of a user's own: CSV or Parquet, resampled and cut into windows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.messages import unknown_key
from harmodels.data.dataset import Dataset, Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.formats import CHANNELS, Format, Raw
from harmodels.data.resampling import FILTER, rate_of, resample, split_gaps
from harmodels.data.table_layout import SECONDS, TableLayout
from harmodels.data.units import unit_factor
from harmodels.data.windows import WindowsOfParts, changes
from harmodels.errors import DataError

ENDINGS = (".csv", ".parquet")
# Columns beside the channels, whose names are in lower case.
TIME, SUBJECT, RECORDING, LABEL, PART = "Time", "Subject", "Recording", "Label", "Part"

# Why rows are dropped, in the order in which it is looked for.
NO_LABEL = "row without subject or label"
NOT_A_CLASS = "row of a label that is none of the classes"
NOT_A_NUMBER = "row with a value or time that is not a finite number"
TOO_SHORT = "sample of a part too short for a window"
REASONS = (NO_LABEL, NOT_A_CLASS, NOT_A_NUMBER, TOO_SHORT)


@dataclass
class _Found:
    """What has been cut so far, and the facts for the card."""

    windows: WindowsOfParts
    dropped: Counter[str] = field(default_factory=Counter)
    other_labels: Counter[str] = field(default_factory=Counter)
    rates: list[float] = field(default_factory=list)


def read(dataset: Dataset, path: Path) -> Raw:
    """Read tables of recordings, convert units, resample, and cut windows.

    The path is that of a CSV or Parquet file, or of a folder of them, each of which is a recording.
    A window never crosses a change of subject, recording or label, a dropped row, a step back in
    time or a pause longer than `window.largest_gap_s`. Windows come in the order of the files; ids
    are `<subject>/<recording>/00001`. Notes: `dropped` (rows by reason), `other_labels` (rows of
    labels that are none of the classes), `recorded_hz` (least and most), `resampling` (the filter),
    `units_of_files`. Raises DataError naming the file.
    """
    facts, layout, window = dataset.facts, dataset.table, dataset.window
    assert layout is not None
    assert window is not None
    windows = WindowsOfParts(facts, window)
    files = _files(path)
    found = _Found(windows, dropped=Counter(dict.fromkeys(REASONS, 0)))
    for name, frame in _frames(path, files, layout):
        table = _usable(frame, name, facts, layout, found)
        for part in _parts(table, window):
            _cut(part, name, found)
    if not len(windows):
        others = ", ".join(map(repr, list(found.other_labels)[:8]))
        raise DataError(
            f"{path} holds no unbroken {window.steps / facts.rate_hz:g} s of a class of the "
            f"registry; rows were dropped: {dict(found.dropped)}"
            + (f"; labels that are none of the classes: {others}" if others else "")
        )
    units = dict(zip(facts.channels, facts.units, strict=True)) | dict(layout.units)
    notes = {
        "dropped": dict(found.dropped),
        "other_labels": dict(found.other_labels),
        "recorded_hz": [round(min(found.rates), 3), round(max(found.rates), 3)],
        "resampling": FILTER,
        "units_of_files": units,
    }
    return Raw(windows.sequences(), notes, files)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)
    if not files:
        raise DataError(f"{path} holds no file that ends in {' or '.join(ENDINGS)}")
    return files


def _frames(
    path: Path, files: list[Path], layout: TableLayout
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name of a recording (empty for a single file) and its rows."""
    if layout.labels is None:
        for file in files:
            name = "" if file == path else file.relative_to(path).with_suffix("").as_posix()
            yield name, _read(file, layout, [layout.subject, layout.label])
        return
    listed = path / layout.labels
    labels = _columns(_load(listed), listed, ["file", layout.subject, layout.label]).astype(str)
    for file, subject, label in labels.itertuples(index=False):
        recording = path / file
        if recording not in files:
            raise DataError(f"{listed} names {file!r}, which is no file of {path}")
        frame = _read(recording, layout, [])
        yield (
            Path(file).with_suffix("").as_posix(),
            frame.assign(**{layout.subject: subject, layout.label: label}),
        )


def _read(file: Path, layout: TableLayout, own: list[str]) -> pd.DataFrame:
    optional = [name for name in (layout.recording, layout.time) if name is not None]
    frame = _load(file)
    _columns(frame, file, [*own, *optional])
    keys = [name for name in (*own[:1], layout.recording) if name is not None]
    if keys:  # rows of one recording together, in the order in which the recordings begin
        groups = pd.factorize(pd.MultiIndex.from_frame(frame[keys].astype(str)))[0]
        frame = frame.iloc[np.argsort(groups, kind="stable")]
    frame.attrs["file"] = str(file)
    return frame


def _load(file: Path) -> pd.DataFrame:
    try:
        if file.suffix.lower() == ".parquet":
            return pd.read_parquet(file)
        return pd.read_csv(
            file, skipinitialspace=True, low_memory=False, float_precision="round_trip"
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"cannot read {file} as a table: {error}") from error


def _columns(frame: pd.DataFrame, file: Path | str, names: list[str]) -> pd.DataFrame:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        text = unknown_key(missing[:1], [str(name) for name in frame.columns])
        raise DataError(f"{file}: " + text.replace("unknown key", "no column", 1))
    return frame[names]


def _usable(
    frame: pd.DataFrame, name: str, facts: SequenceFacts, layout: TableLayout, found: _Found
) -> pd.DataFrame:
    """Return subject, recording, label, time, part and the channels of the rows that are used."""
    sources = [layout.columns.get(channel, channel) for channel in facts.channels]
    values = _columns(frame, frame.attrs["file"], sources)
    table = pd.DataFrame(index=frame.index)
    for channel, unit, source in zip(facts.channels, facts.units, sources, strict=True):
        factor = unit_factor(layout.units.get(channel, unit), unit)
        table[channel] = pd.to_numeric(values[source], errors="coerce") * factor
    table[TIME] = _seconds(frame, layout)
    finite = np.isfinite(table.to_numpy(np.float64)).all(axis=1)
    table[SUBJECT] = frame[layout.subject].astype("string").str.strip().fillna("")
    table[RECORDING] = name
    if layout.recording is not None:
        own = frame[layout.recording].astype("string").str.strip().fillna("")
        table[RECORDING] = f"{name}/" * bool(name) + own
    text = frame[layout.label].astype("string").str.strip().fillna("")
    classes = {name.casefold(): label for label, name in enumerate(facts.classes)}
    labels = text.str.casefold().map(classes).fillna(-1).to_numpy(np.int64)
    table[LABEL] = labels
    unnamed = ((table[SUBJECT] == "") | (text == "")).to_numpy(bool)
    reasons = np.select([unnamed, labels < 0, ~finite], [1, 2, 3], default=0)
    for number, reason in enumerate(REASONS[:3], start=1):
        found.dropped[reason] += int((reasons == number).sum())
    found.other_labels.update(text[reasons == 2].value_counts().to_dict())
    used = reasons == 0
    keys = [SUBJECT, RECORDING, LABEL]
    broken = np.zeros(len(table), dtype=np.bool_)
    for key in keys:
        broken |= changes(table[key].to_numpy())
    broken[1:] |= ~used[:-1]
    table[PART] = np.cumsum(broken)
    return table[used]


def _seconds(frame: pd.DataFrame, layout: TableLayout) -> NDArray[np.float64]:
    if layout.time is None:
        return np.arange(len(frame)) / float(layout.recorded_hz or 1.0)
    column = frame[layout.time]
    if layout.time_unit == "iso":
        stamps = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
        return np.asarray((stamps - stamps.min()) / pd.Timedelta(seconds=1), dtype=np.float64)
    numbers = pd.to_numeric(column, errors="coerce")
    # nanoseconds since 1970 have more digits than float64
    first = numbers.dropna().iloc[0] if numbers.notna().any() else 0
    return np.asarray((numbers - first) * SECONDS[layout.time_unit], dtype=np.float64)


def _parts(table: pd.DataFrame, window: Window) -> Iterator[pd.DataFrame]:
    """Yield the unbroken parts of one subject, recording and label."""
    for _, part in table.groupby(PART, sort=False):
        for rows in split_gaps(part[TIME].to_numpy(), window.largest_gap_s):
            yield part.iloc[rows]


def _cut(part: pd.DataFrame, name: str, found: _Found) -> None:
    times, facts = part[TIME].to_numpy(), found.windows.facts
    if len(part) < 2 or (times[-1] - times[0]) * facts.rate_hz < found.windows.window.steps - 2:
        found.dropped[TOO_SHORT] += len(part)
        return
    try:
        _, values = resample(times, part[list(facts.channels)].to_numpy(), facts.rate_hz)
    except ValueError as error:
        raise DataError(f"{facts.dataset}: recording {name or part.index[0]!r}: {error}") from error
    subject, recording = part[SUBJECT].iloc[0], part[RECORDING].iloc[0]
    stem = f"{subject}/{recording}" if recording else subject
    if found.windows.cut(values, stem, subject, int(part[LABEL].iloc[0])):
        found.rates.append(rate_of(times))
    else:
        found.dropped[TOO_SHORT] += len(part)


FORMAT = Format(
    read,
    needs=CHANNELS | {"table", "window", "window.largest_gap_s"},
    may=frozenset({"channel_groups.acceleration"}),
)
