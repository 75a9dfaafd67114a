"""Records of a data set: its archive or simulation, channels, classes and windows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harmodels.config.messages import unknown_key
from harmodels.data.facts import SequenceFacts
from harmodels.data.table_layout import TableLayout
from harmodels.errors import ConfigurationError

FILE_KINDS = {
    "archive": (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"),
    "hdf5": (".h5", ".hdf5"),
    "table": (".csv", ".parquet"),
}


@dataclass(frozen=True)
class Archive:
    """Where an archive comes from and how it is verified.

    Attributes
    ----------
    file
        File name under the folder of downloads.
    accepted
        Other names that the file may have in a mirror or when put by hand.
    sha256
        Hashes of the known archives.
    git_blob
        Of the known archive the hash by which git names it, where it is published in a
        repository of git and its SHA-256 is not known; or None.
    nested
        Name of a zip inside the archive that holds the recordings, or None.
    checksums
        SHA-256 of the members that are read, by name; empty if not known.
    addresses
        Asked in this order.
    user_file
        Whether a user may bring a file of their own; without addresses nobody else can.
    beside
        Files that a user may put beside the archive instead of into it.
    folder
        Of the registry; a user's file may lie there too.
    largest_bytes
        An archive that unpacks to more is refused.
    """

    file: str
    largest_bytes: int
    accepted: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    git_blob: str | None = None
    nested: str | None = None
    checksums: Mapping[str, str] | None = None
    addresses: tuple[str, ...] = ()
    user_file: bool = False
    beside: tuple[str, ...] = ()
    # not shown: rules compare entries by what they show, and a checkout may be moved
    folder: Path | None = field(default=None, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the file may have, its own first."""
        return (self.file, *self.accepted)

    @property
    def kind(self) -> str:
        """What the file's name says it is: `archive`, `hdf5`, `table` or `unknown`."""
        endings = {ending: kind for kind, known in FILE_KINDS.items() for ending in known}
        found = (endings[e] for e in endings if self.file.lower().endswith(e))
        return next(found, "unknown")


@dataclass(frozen=True)
class Normalise:
    """How the positions of joints are expressed.

    Attributes
    ----------
    unit_mm
        Millimetres of one unit of the channels.
    origin
        Of the format fpha: `world` leaves positions as recorded; `first_wrist` makes them
        relative to the wrist of the recording's first frame, which keeps the hand's path;
        `wrist` to that of the same frame, which leaves the hand's shape only.
    """

    unit_mm: float
    origin: str | None = None


@dataclass(frozen=True)
class Window:
    """How a continuous recording is cut: samples, samples between starts, longest pause in s.

    Recordings without times have no pauses.
    """

    steps: int
    step: int
    largest_gap_s: float = math.inf


@dataclass(frozen=True)
class Simulation:
    """How recordings are made up: seed, people, and seconds of each activity and person."""

    seed: int
    subjects: int
    seconds_per_class: float
    test_subjects: int = 1


@dataclass(frozen=True)
class HandSimulation:
    """How hand recordings are made up: seed, people, repetitions of each action, lengths.

    Lengths are spread from `shortest_frames` to `longest_frames`, both of which occur, half of
    them below `median_frames`.
    """

    seed: int
    subjects: int
    repetitions: int
    shortest_frames: int
    median_frames: int
    longest_frames: int
    test_subjects: int = 1


@dataclass(frozen=True)
class Dataset:
    """One entry of the registry; it has either an archive or a simulation.

    Attributes
    ----------
    name
        Key in the registry.
    title, licence, citation, homepage, worn
        For people; `homepage` and `worn`, where and how the sensor was worn, may be empty.
    format
        One of `formats.FORMATS`.
    path
        What the parser reads, relative to the folder of raw files.
    rate_hz
        Samples a second.
    recorded_hz
        Those of the files, where they have no times and are resampled; or None.
    channels, units
        Names in the order of the last axis, and the unit of each.
    channel_groups
        Named subsets of the channels.
    classes
        Class names; a label is an index into them.
    archive, simulation
        One of them is None.
    window
        How continuous recordings are cut, or None.
    normalise
        How the positions of joints are expressed, or None.
    table
        Which column of a user's table means what, or None.
    official_records
        Records of each class in the official file, or empty.
    subjects
        The people recorded, if the entry says so.
    """

    name: str
    title: str
    licence: str
    citation: str
    homepage: str
    format: str
    path: str
    rate_hz: float
    channels: tuple[str, ...]
    units: tuple[str, ...]
    channel_groups: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]
    archive: Archive | None = None
    simulation: Simulation | HandSimulation | None = None
    window: Window | None = None
    normalise: Normalise | None = None
    table: TableLayout | None = None
    official_records: Mapping[str, int] | None = None
    recorded_hz: float | None = None
    worn: str = ""
    subjects: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the recordings are made by a generator."""
        return self.simulation is not None

    @property
    def facts(self) -> SequenceFacts:
        """What holds for all sequences of the data set."""
        return SequenceFacts(
            self.name, self.classes, self.channels, self.units, self.rate_hz, self.simulated
        )

    def channel_group(self, name: str) -> tuple[str, ...]:
        """Return the channels of a group.

        Raises
        ------
        ConfigurationError
            If the data set does not offer the group.
        """
        if name not in self.channel_groups:
            raise ConfigurationError(
                f"channels: data set {self.name}: "
                + unknown_key([name], self.channel_groups).replace("key", "channel group", 1)
            )
        return self.channel_groups[name]
