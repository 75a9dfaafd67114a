"""Layout of a user's table of recordings: which column means what, and in which units."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema, model_validator

from harmodels.config.base import Record, Text, key, wrong
from harmodels.data.reading.times import Times
from harmodels.errors import DataError
from harmodels.messages import shown


def _texts(value: Any) -> Any:
    """Return a mapping of labels with text for keys, as YAML reads 1 as a number."""
    if not isinstance(value, Mapping):
        return value
    for label in value:
        if not isinstance(label, int | str) or isinstance(label, bool):
            raise wrong(f"{shown(label)} should be text; write it in quotes, as it is in the file")
    return {str(label): name for label, name in value.items()}


def _time_form(form: str) -> str:
    try:
        Times(form)
    except DataError as error:
        raise wrong(str(error)) from None
    return form


class TableLayout(Record):
    """Which column of your own table (format table) means what."""

    subject: Text = key(
        ...,
        "Column of who was recorded; in the file of labels or in the pattern files, if there is "
        "one.",
    )
    label: Text = key(
        ...,
        "Column of the activity, a class in any case; in the file of labels or of intervals or in "
        "the pattern files, if there is one.",
    )
    recording: Text | None = key(None, "Column that parts the recordings of one subject.")
    time: Text | None = key(
        None,
        "Column of the time, or of date and time (day+clock); recognised where it is left out.",
    )
    time_unit: Annotated[Text, AfterValidator(_time_form)] | None = key(
        None,
        "Unit of the time: s, ms, us, ns; iso for dates such as 2024-05-01T12:00:00.02, or a "
        "pattern of strptime such as %d/%m/%Y %H:%M:%S; recognised where it is left out.",
    )
    recorded_hz: float | None = key(
        None, "Samples a second as recorded, where there is no column of the time.", gt=0
    )
    columns: dict[str, Text] = key(
        {},
        "Column of a channel, where it differs from the channel's name and is not recognised; a+b "
        "adds two columns.",
    )
    units: dict[str, Text] = key(
        {},
        "Unit of a channel, or of all whose names have a part in common (acc), in the file: m/s2, "
        "g, mg, rad/s, deg/s; -g has all signs turned, of 8192/g so many steps are one g. By "
        "default what the header says, or the channel's.",
    )
    labels: (
        Text
        | Annotated[
            dict[str, Text],
            BeforeValidator(_texts),
            WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
        ]
        | None
    ) = key(
        None,
        "Class by label, where labels are not the names of classes: {Walk: walking, 1: sitting}. "
        "A text is the name of label_file.",
    )
    label_file: Text | None = key(
        None, "File in a folder of recordings with the columns file, subject and label."
    )
    intervals: Text | None = key(
        None,
        "File with the columns start, end, label, and file or subject where there are several "
        "recordings; in the folder of the recordings or beside the one file. Times are seconds of "
        "the recording's own clock, or dates.",
    )
    files: Text | None = key(
        None,
        "Pattern of the paths in a folder, whose fields are columns: {person}/{activity}-*.csv.",
    )

    @property
    def names(self) -> Mapping[str, str]:
        """Class by label."""
        return self.labels if isinstance(self.labels, Mapping) else {}

    @model_validator(mode="before")
    @classmethod
    def _older_form(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("labels"), str):
            if given.get("label_file") is not None:
                raise wrong("give the file of labels once, as label_file")
            return {
                **{k: v for k, v in given.items() if k != "labels"},
                "label_file": given["labels"],
            }
        return given

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.time is not None and self.recorded_hz is not None:
            raise wrong("give either time, the column of the time, or recorded_hz")
        if self.files is not None and self.label_file is not None:
            raise wrong("give either files or label_file")
        return self
