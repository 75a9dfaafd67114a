"""The raw text of WISDM v1.1: `user,activity,timestamp,x,y,z;` records, not all of them whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.dataset import Dataset, Window
from harmodels.data.formats import PHONE, Format, Raw
from harmodels.data.windows import WindowsOfParts, changes
from harmodels.errors import DataError
from harmodels.files import sha256
from harmodels.runtime.log import LOGGER

FIELDS = 6
NUMERIC = (0, 2, 3, 4, 5)  # user, timestamp, x, y, z
NANOSECONDS = 1e9
EXACT = 2.0**53  # whole numbers below it are exact in float64

# Why a record is dropped, in the order in which it is looked for.
WRONG_COUNT = "wrong number of fields"
EMPTY = "empty field"
NOT_A_NUMBER = "field that is not a finite number"
UNKNOWN_ACTIVITY = "unknown activity"
NO_TIME = "timestamp is zero"
USED = -1
REASONS = (WRONG_COUNT, EMPTY, NOT_A_NUMBER, UNKNOWN_ACTIVITY, NO_TIME)


@dataclass(frozen=True)
class Records:
    """The usable records of a raw file, in its order."""

    users: NDArray[np.int64]  # (rows,)
    labels: NDArray[np.int64]  # (rows,) indices into the classes
    times: NDArray[np.int64]  # (rows,) nanoseconds
    values: NDArray[np.float32]  # (rows, 3) m/s²
    after_dropped: NDArray[np.bool_]  # (rows,) whether a record was dropped just before this one
    dropped: dict[str, int]  # by reason
    well_formed: dict[str, int]  # by class, with those whose timestamp is zero


def read(dataset: Dataset, path: Path) -> Raw:
    """Read the raw text and cut it into windows, in the file's order.

    A window never crosses a change of user or activity, a dropped record, a step back in time or a
    pause longer than `window.largest_gap_s`. The data set has no official split; ids are
    `33/jogging/00001`, …. Notes: `dropped` (records by reason, and the records that filled no
    window), `records` by class, and, of the known file, their comparison with the registry's
    `official_records`. Raises DataError if not one window is whole.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    window = dataset.window
    assert window is not None
    records = parse_records(text, dataset.classes)
    windows, unused = WindowsOfParts(dataset.facts, window), 0
    for rows in filter(len, _parts(records, window)):
        user, label = str(records.users[rows[0]]), int(records.labels[rows[0]])
        stem = f"{user}/{dataset.classes[label]}"
        count = windows.cut(records.values[rows], stem, user, label)
        used = window.steps + (count - 1) * min(window.step, window.steps) if count else 0
        unused += len(rows) - used
    if not len(windows):
        raise DataError(
            f"{path} holds no window of {window.steps} unbroken records among "
            f"{len(records.users)} usable and {sum(records.dropped.values())} dropped ones"
        )
    notes: dict[str, Any] = {
        "dropped": {**records.dropped, "records too few for a window": unused},
        "records": records.well_formed,
    }
    known = dataset.archive.checksums if dataset.archive else None
    # the totals are a promise of the official file, not of the format
    if dataset.official_records and known and sha256(path) in known.values():
        notes["official_records"] = _compare(records.well_formed, dataset.official_records)
    return Raw(windows.sequences(), notes, [path])


def parse_records(text: str, classes: Sequence[str]) -> Records:
    """Parse the raw text; every record is either used or counted as dropped.

    Records end with `;` or with the line; a comma after the sixth field is ignored. Activities
    are compared without regard to case.
    """
    pieces = [piece for raw in re.split(r"[;\n]", text) if (piece := raw.strip())]
    commas = np.array([piece.count(",") for piece in pieces], dtype=np.int64)
    trailing = np.array([piece.endswith(",") for piece in pieces], dtype=np.bool_)
    fields = commas + 1 - (trailing & (commas == FIELDS))
    whole = np.flatnonzero(fields == FIELDS)
    joined = ",".join(_without_trailing_comma(pieces[i]) for i in whole)
    cells = joined.split(",") if len(whole) else []
    columns = [pd.Series(cells[c::FIELDS], dtype=object).str.strip() for c in range(FIELDS)]
    activities = {name.lower(): label for label, name in enumerate(classes)}
    labels = np.asarray(columns[1].str.lower().map(activities).fillna(-1), dtype=np.int64)
    numbers = np.column_stack(
        [pd.to_numeric(columns[c], errors="coerce").to_numpy(np.float64) for c in NUMERIC]
    )
    reason = np.full(len(pieces), REASONS.index(WRONG_COUNT))
    reason[whole] = _reasons(columns, labels, numbers)
    return _usable(reason, whole, labels, numbers, classes)


def _without_trailing_comma(piece: str) -> str:
    return piece[:-1] if piece.count(",") == FIELDS else piece


def _reasons(
    columns: list[pd.Series], labels: NDArray[np.int64], numbers: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the number of the first reason to drop each record, USED if there is none."""
    users, times, values = numbers[:, 0], numbers[:, 1], numbers[:, 2:]
    whole_numbers = (np.abs(users) < EXACT) & (np.abs(times) < EXACT)
    whole_numbers &= (users == np.round(users)) & (times == np.round(times))
    in_range = (np.abs(values) <= np.finfo(np.float32).max).all(axis=1)
    empty = np.zeros(len(labels), dtype=np.bool_)
    for column in columns:
        empty |= column.to_numpy() == ""
    conditions = [empty, ~(whole_numbers & in_range), labels < 0, times == 0]
    order = [REASONS.index(name) for name in (EMPTY, NOT_A_NUMBER, UNKNOWN_ACTIVITY, NO_TIME)]
    return np.select(conditions, order, default=USED)


def _usable(
    reason: NDArray[np.int64],
    whole: NDArray[np.int64],
    labels: NDArray[np.int64],
    numbers: NDArray[np.float64],
    classes: Sequence[str],
) -> Records:
    """Return the records without a reason to drop them, and the counts of all."""
    used = reason[whole] == USED
    counted = used | (reason[whole] == REASONS.index(NO_TIME))
    by_class = np.bincount(labels[counted], minlength=len(classes))
    return Records(
        users=numbers[used, 0].astype(np.int64),
        labels=labels[used],
        times=numbers[used, 1].astype(np.int64),
        values=numbers[used, 2:].astype(np.float32),
        after_dropped=np.diff(whole[used], prepend=-1) > 1,
        dropped={name: int((reason == number).sum()) for number, name in enumerate(REASONS)},
        well_formed={name: int(by_class[label]) for label, name in enumerate(classes)},
    )


def _parts(records: Records, window: Window) -> list[NDArray[np.int64]]:
    """Return the rows of each unbroken part of one user and activity."""
    pauses = np.diff(records.times, prepend=records.times[:1])
    broken = (pauses < 0) | (pauses > window.largest_gap_s * NANOSECONDS)
    broken |= changes(records.users) | changes(records.labels) | records.after_dropped
    return np.split(np.arange(len(broken)), np.flatnonzero(broken))


def _compare(found: Mapping[str, int], official: Mapping[str, int]) -> dict[str, Any]:
    """Return the known and the found totals; a difference is worth a warning, not an end."""
    agree = dict(found) == dict(official)
    if not agree:
        LOGGER.warning(
            "the official file should hold %s records, but %s were found", official, found
        )
    return {"expected": dict(official), "agree": agree}


FORMAT = Format(
    read,
    needs=PHONE | {"window", "window.largest_gap_s"},
    may=frozenset({"official_records", "simulation"}),
    halves=False,
    people=True,
)
