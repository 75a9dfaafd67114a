"""Layout of a user's table of recordings: which column means what, and in which units."""

from typing import Literal, Self

from pydantic import model_validator

from harmodels.config.base import Record, Text, key, wrong

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class TableLayout(Record):
    """Which column of your own table (format table) means what."""

    subject: Text = key(..., "Column of who was recorded; in the file of labels, if there is one.")
    label: Text = key(
        ...,
        "Column of the activity, a class in any case; in the file of labels, if there is one.",
    )
    recording: Text | None = key(None, "Column that parts the recordings of one subject.")
    time: Text | None = key(None, "Column of the time.")
    time_unit: Literal["s", "ms", "us", "ns", "iso"] = key(
        "s", "Unit of the time; iso are dates such as 2024-05-01T12:00:00.02."
    )
    recorded_hz: float | None = key(
        None, "Samples a second as recorded, where there is no column of the time.", gt=0
    )
    columns: dict[str, Text] = key(
        {}, "Column of a channel, where it differs from the channel's name."
    )
    units: dict[str, Text] = key(
        {},
        "Unit of a channel in the file, where it differs from the channel's: m/s², m/s^2, g, mg, "
        "rad/s, deg/s, dps.",
    )
    labels: Text | None = key(
        None, "File in a folder of recordings with the columns file, subject and label."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.time is None) == (self.recorded_hz is None):
            raise wrong("give either time, the column of the time, or recorded_hz")
        return self
