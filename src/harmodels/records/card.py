"""The card of a data set, card.json, as far as it is read back."""

from typing import ClassVar

from pydantic import ConfigDict

from harmodels.config.base import Count, Several, key
from harmodels.records.base import ResultsRecord


class DatasetCard(ResultsRecord):
    """What a data set holds, where it comes from and what may be done with it."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")  # each format has its notes

    simulated: bool = key(..., "Whether a generator made the recordings.")
    sources: dict[str, str] = key(..., "SHA-256 of the raw files, by path.")
    sequences: Count = key(..., "How many there are.", ge=0)
    classes: Several[str] = key(..., "Their names.")
    licence: str = key(..., "Of the recordings.")
    citation: str = key(..., "Whom to cite.")
    dropped: dict[str, Count] = key({}, "Rows or windows that were left out, by reason.")
    first_dropped: dict[str, list[str]] = key({}, "Where the first of them are, by reason.")
    other_labels: dict[str, Count] = key({}, "Rows by label that is none of the classes.")
    unread: dict[str, str] = key({}, "Files that were not read, and why.")
    same_content: dict[str, str] = key({}, "Files by the one whose content they repeat.")
    equal_sequences: dict[str, Count] = key(
        {}, "Sequences that have the content of another, by the names of both recordings."
    )
    mended: list[str] = key([], "What was mended in the recordings, a line each.")
