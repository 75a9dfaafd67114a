"""Records of a data set: its archive or simulation, channels, classes and windows."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema, model_validator

from harmodels.config.base import Distinct, Matching, Number, Record, key, wrong
from harmodels.data.facts import SequenceFacts
from harmodels.data.table_layout import TableLayout
from harmodels.errors import ConfigurationError
from harmodels.messages import unknown

TEXTS = (".csv", ".tsv", ".txt")  # tables that any program opens; they may be compressed
COMPRESSIONS = (".gz", ".bz2", ".xz")
FILE_KINDS = {
    "archive": (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"),
    "hdf5": (".h5", ".hdf5"),
    "table": (".parquet", *(text + packed for text in TEXTS for packed in ("", *COMPRESSIONS))),
}

CHECKSUM_LINE = re.compile(r"([0-9a-f]{64})[ \t][ *](.+)")


def read_checksums(path: Path) -> dict[str, str]:
    """Read a list as `sha256sum` writes it; return hash by member name.

    Raises ConfigurationError naming the line that is no hash and name, or repeats a name.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the checksums {path}: {error}") from error
    checksums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = CHECKSUM_LINE.fullmatch(line)
        if match is None or match[2] in checksums:
            raise ConfigurationError(
                f"{path}, line {number}: {line!r} is not a new `<sha256>  <member>`"
            )
        checksums[match[2]] = match[1]
    return checksums


def _read_checksums(value: Any, info: ValidationInfo) -> Any:
    """Read the list that an entry names; its folder is the registry's."""
    if not isinstance(value, str) or info.context is None:
        return value
    try:
        return read_checksums(info.context["folder"] / value)
    except ConfigurationError as error:
        raise wrong(str(error)) from None


FileName = Annotated[
    str,
    Matching(r"(?!\.{1,2}$)[^/\\\x00-\x1f]+", "the name of a file, without a folder", 200),
]


class Archive(Record):
    """Where an archive comes from and how it is verified."""

    file: FileName = key(..., "File name under results/downloads/<data set>/.")
    largest_bytes: int = key(..., "An archive that unpacks to more is refused.", ge=1)
    accepted: Distinct[FileName] = key(
        (), "Other names that the file may have in a mirror or when put by hand."
    )
    sha256: Distinct[Annotated[str, Matching("[0-9a-f]{64}", "64 hexadecimal digits")]] = key(
        (), "Hashes of every known archive, the outer and the nested one included."
    )
    git_blob: Annotated[str, Matching("[0-9a-f]{40}", "40 hexadecimal digits")] | None = key(
        None,
        "Hash by which git names the known file (git hash-object FILE), of a file that is "
        "published in a repository of git.",
    )
    nested: FileName | None = key(
        None, "Name of a zip inside the archive that holds the recordings."
    )
    checksums: (
        Annotated[
            Mapping[str, str],
            BeforeValidator(_read_checksums),
            WithJsonSchema({"type": "string"}),
        ]
        | None
    ) = key(None, "File of the members' SHA-256 (format of sha256sum), beside the registry.")
    addresses: Distinct[Annotated[str, Matching(r"https?://\S+", "an http(s) address")]] = key(
        (), "Asked in this order, after the mirror."
    )
    user_file: bool = key(
        False,
        "Whether a user may bring a file of their own, whatever its hash; without addresses "
        "nothing is downloaded.",
    )
    beside: Distinct[FileName] = key(
        (), "Files that a user may put beside the archive instead of into it."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the file may have, its own first."""
        return (self.file, *self.accepted)

    @property
    def kind(self) -> str:
        """The kind of the file by its name: `archive`, `hdf5`, `table` or `unknown`."""
        endings = {ending: kind for kind, known in FILE_KINDS.items() for ending in known}
        found = (endings[e] for e in endings if self.file.lower().endswith(e))
        return next(found, "unknown")


class Normalise(Record):
    """How the positions of joints are expressed."""

    unit_mm: Number = key(..., "Millimetres of one unit of the channels.", gt=0)
    origin: Literal["world", "first_wrist", "wrist"] | None = key(
        None,
        "What positions are relative to (format fpha): nothing, the wrist in the first frame of "
        "the recording (the path of the hand stays), or the wrist in the same frame (only its "
        "shape stays).",
    )


class Window(Record):
    """How a continuous recording is cut; recordings without times have no pauses."""

    steps: int = key(..., "Samples of a window.", ge=1)
    step: int = key(
        ...,
        "Samples from one window's start to the next; fewer than steps makes windows overlap.",
        ge=1,
    )
    largest_gap_s: float = key(
        math.inf,
        "A longer pause between two records ends a window (formats wisdm and table).",
        gt=0,
    )


SEED = "Seed of the generator."
TEST_SUBJECTS = (
    "The last of them, who form the official test set (formats uci_har and fpha); fewer than all."
)


class Simulation(Record):
    """How recordings of a phone are made up."""

    seed: int = key(..., SEED, ge=0)
    subjects: int = key(..., "Simulated people.", ge=2)
    seconds_per_class: Number = key(
        ...,
        "Length of one person's recordings of one activity; motionsense parts it among its trials.",
        gt=0,
    )
    test_subjects: int = key(1, TEST_SUBJECTS, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.test_subjects >= self.subjects:
            raise wrong("test_subjects must be fewer than subjects")
        return self


class HandSimulation(Record):
    """How hand recordings are made up; both the shortest and the longest length occur."""

    seed: int = key(..., SEED, ge=0)
    subjects: int = key(..., "Simulated people.", ge=2)
    repetitions: int = key(..., "Recordings of one person and action.", ge=1)
    shortest_frames: int = key(..., "Length of the shortest recording.", ge=2)
    median_frames: int = key(..., "Half of the recordings are shorter.", ge=2)
    longest_frames: int = key(..., "Length of the longest recording.", ge=2)
    test_subjects: int = key(1, TEST_SUBJECTS, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.test_subjects >= self.subjects:
            raise wrong("test_subjects must be fewer than subjects")
        if not self.shortest_frames < self.median_frames < self.longest_frames:
            raise wrong("shortest_frames, median_frames and longest_frames must rise")
        return self


@dataclass(frozen=True)
class Dataset:
    """A data set: an entry of the registry, and what its format adds.

    Channels and units are in the order of the last axis. The other attributes are the keys of
    `registry.Entry`; of archive, simulation and recordings two are None.
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
    recordings: str | None = None
    window: Window | None = None
    normalise: Normalise | None = None
    table: TableLayout | None = None
    official_records: Mapping[str, int] | None = None
    recorded_hz: float | None = None
    worn: str = ""
    subjects: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    # of the registry, where recordings of a user's own lie; rules compare entries by what they
    # show, and a checkout may be moved
    folder: Path = field(default=Path(), repr=False, compare=False)

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
        """Return the channels of a group; an unknown one raises ConfigurationError."""
        if name not in self.channel_groups:
            raise ConfigurationError(
                f"channels: data set {self.name}: "
                + unknown("channel group", name, self.channel_groups)
            )
        return self.channel_groups[name]
