"""The base of records under results/."""

from pathlib import Path
from typing import ClassVar, Self

from harmodels.config.base import Record
from harmodels.errors import HarmodelsError, ResultsError
from harmodels.files import read_json

AGAIN = "Delete it and run snakemake again."


class ResultsRecord(Record):
    """Base of records under results/, whose mistakes are those of a damaged file."""

    error: ClassVar[type[HarmodelsError]] = ResultsError

    @classmethod
    def read_file(cls, path: str | Path) -> Self:
        """Return the record that a JSON file holds.

        Raises ResultsError with the file, a line for each wrong key, and the remedy.
        """
        content = read_json(path)
        try:
            return cls.read(content, str(path))
        except ResultsError as error:
            raise ResultsError(f"{error}. {AGAIN}") from None
