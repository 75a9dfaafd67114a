"""Layout of a user's table of recordings: which column means what, and in which units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harmodels.data.units import unit_factor
from harmodels.errors import ConfigurationError

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class TableLayout:
    """The key `table` of a registry entry.

    Attributes
    ----------
    subject, label
        Columns of who was recorded and of the activity; in the file of labels, if there is one.
    recording
        Column that parts the recordings of one subject, or None.
    time
        Column of the time, or None if samples are evenly spaced at `recorded_hz`.
    time_unit
        `s`, `ms`, `us`, `ns`, or `iso` for dates such as 2024-05-01T12:00:00.02.
    recorded_hz
        Samples a second as recorded, where there is no column of the time.
    columns
        Column of each channel; a channel that is not named has the column of its own name.
    units
        Unit of each channel in the file; of others it is the unit of the channel.
    labels
        File of labels in a folder of recordings: columns `file`, subject and label. None if the
        recordings have these columns themselves.
    """

    subject: str
    label: str
    recording: str | None = None
    time: str | None = None
    time_unit: str = "s"
    recorded_hz: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    labels: str | None = None


def parse_layout(entry: Mapping[str, Any], where: str) -> TableLayout:
    """Return the layout of a registry entry of the format `table`.

    Raises
    ------
    ConfigurationError
        If time and recorded_hz are both given or both missing, a channel is unknown, or a unit
        cannot be converted.
    """
    layout = TableLayout(**entry["table"])
    if (layout.time is None) == (layout.recorded_hz is None):
        raise ConfigurationError(
            f"{where}.table: give either time, the column of the time, or recorded_hz"
        )
    for key in ("columns", "units"):
        strange = sorted(set(getattr(layout, key)) - set(entry["channels"]))
        if strange:
            raise ConfigurationError(
                f"{where}.table.{key}: {strange[0]!r} is none of the channels "
                f"{', '.join(entry['channels'])}"
            )
    for channel, unit in layout.units.items():
        try:
            unit_factor(unit, entry["channels"][channel])
        except ValueError as error:
            raise ConfigurationError(f"{where}.table.units.{channel}: {error}") from None
    return layout
