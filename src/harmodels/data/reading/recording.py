"""A recording as a stream of samples: one file, or the folder or zip of an app."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harmodels.data.reading.folder import is_zip, open_folder
from harmodels.data.reading.meaning import Given, Meaning
from harmodels.data.reading.single import FileRecording, Samples

__all__ = ["FileRecording", "Recording", "Samples", "open_recording"]


class Recording(Protocol):
    """What training, the commands and the page read; it can be read several times."""

    name: str
    channels: tuple[str, ...]
    files: tuple[Path, ...]  # that are read
    unread: dict[Path, str]  # files of a folder or zip that are not read, and why
    meanings: dict[Path, Meaning]  # by file
    size: int
    notes: list[str]  # after reading: what was mended and left out, one line each
    rows: int  # after reading: all of them
    dropped: int  # after reading: rows left out

    @property
    def origin(self) -> Any:
        """Time of the first sample as in the file: a Timestamp or seconds."""

    @property
    def file_units(self) -> Mapping[str, str]:
        """Unit in the file by channel."""

    @property
    def rate_hz(self) -> float:
        """Samples a second as recorded, over the whole of it."""

    def samples(self) -> Iterator[Samples]:
        """Yield all samples in the order of time, in bounded memory."""

    def understood(self) -> list[str]:
        """Return lines for a user: program, the equivalent options, and the first three rows."""


def open_recording(
    path: Path, channels: Sequence[str], units: Sequence[str], given: Given | None = None
) -> Recording:
    """Return a recording of these channels in these units.

    The path is that of a file, or of a folder or zip of an app's files, one a sensor, which are
    joined on the clock. Raises DataError naming file, column or row, and the option that would
    help.
    """
    path = Path(path)
    if path.is_dir() or is_zip(path):
        return open_folder(path, channels, units, given or Given())
    return FileRecording(path, channels, units, given)
