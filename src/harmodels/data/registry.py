"""The registry of data sets: config/datasets.yaml parsed once into frozen dataclasses."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmodels.assets import root
from harmodels.config.schema import check
from harmodels.config.yaml_files import read_yaml
from harmodels.data.checksums import read_checksums
from harmodels.data.facts import SequenceFacts
from harmodels.data.registry_checks import check_combination, unknown
from harmodels.data.simulation.plans import HandSimulation, Simulation
from harmodels.data.skeletons import SKELETONS
from harmodels.data.table_layout import TableLayout, parse_layout
from harmodels.errors import ConfigurationError

FILE_KINDS = {
    "archive": (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"),
    "hdf5": (".h5", ".hdf5"),
    "table": (".csv", ".parquet"),
}


@dataclass(frozen=True)
class Archive:
    """How the recordings of a data set are had.

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
class Dataset:
    """One entry of the registry; it has either an archive or a simulation.

    Attributes
    ----------
    name
        Key in the registry.
    title, licence, citation, homepage, worn
        For people; `homepage` and `worn`, where and how the sensor was worn, may be empty.
    format
        `uci_har`, `wisdm`, `motionsense`, `course_h5`, `sfinge3d`, `fpha` or `table`.
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
                + unknown("channel group", [name], self.channel_groups)
            )
        return self.channel_groups[name]


def load_registry(path: Path, schema: Path | None = None) -> dict[str, Dataset]:
    """Read and check the registry and the lists of checksums that it names.

    Parameters
    ----------
    path
        The registry, `config/datasets.yaml`.
    schema
        Its JSON Schema; by default `workflow/schemas/datasets.schema.yaml` of the same checkout.

    Raises
    ------
    ConfigurationError
        Naming file, key and value, if anything is unknown, missing, of a wrong type, or
        contradicts another key.
    """
    content = read_yaml(path)
    check(content, schema or default_schema(path), str(path))
    return {name: _parse(name, entry, path) for name, entry in content.items()}


def registry_files(of_user: Iterable[str]) -> list[Path]:
    """Return the registry of the package and those of a user, as `load_registries` takes them."""
    return [root() / "config" / "datasets.yaml", *map(Path, of_user)]


def default_schema(path: Path) -> Path:
    """Return the JSON Schema of a registry in the folder `config` of a checkout."""
    return path.parent.parent / "workflow" / "schemas" / "datasets.schema.yaml"


def load_registries(paths: Sequence[Path], schema: Path | None = None) -> dict[str, Dataset]:
    """Read the registry and those of a user, whose entries come after it.

    The registry of the repository is the first path; the schema is by default that of its checkout.

    Raises
    ------
    ConfigurationError
        As `load_registry`, and if two files have an entry of the same name.
    """
    schema = schema or default_schema(paths[0])
    merged: dict[str, Dataset] = {}
    for path in paths:
        entries = load_registry(path, schema)
        for name in entries.keys() & merged.keys():
            raise ConfigurationError(
                f"{path}: {name} is the name of a data set in another registry; choose another name"
            )
        merged |= entries
    return merged


def get(registry: Mapping[str, Dataset], name: str) -> Dataset:
    """Return one data set.

    Raises
    ------
    ConfigurationError
        If it is not in the registry.
    """
    if name not in registry:
        raise ConfigurationError("datasets: " + unknown("data set", [name], registry))
    return registry[name]


def _parse(name: str, entry: Mapping[str, Any], path: Path) -> Dataset:
    where = f"{path}: {name}"
    check_combination(entry, where)
    archive, simulation, window = (entry.get(key) for key in ("archive", "simulation", "window"))
    kind = HandSimulation if entry["format"] in SKELETONS else Simulation
    normalise = Normalise(**entry["normalise"]) if "normalise" in entry else None
    channels, groups = _channels(entry, normalise)
    return Dataset(
        name=name,
        title=entry["title"],
        licence=entry["licence"],
        citation=entry["citation"],
        homepage=entry.get("homepage", ""),
        format=entry["format"],
        path=entry["path"],
        rate_hz=float(entry["rate_hz"]),
        channels=tuple(channels),
        units=tuple(channels.values()),
        channel_groups={key: tuple(group) for key, group in groups.items()},
        classes=tuple(entry["classes"]),
        archive=_parse_archive(archive, path.parent, where) if archive else None,
        simulation=kind(**simulation) if simulation else None,
        window=Window(**window) if window else None,
        normalise=normalise,
        table=parse_layout(entry, where) if "table" in entry else None,
        official_records=entry.get("official_records"),
        recorded_hz=float(entry["recorded_hz"]) if "recorded_hz" in entry else None,
        worn=entry.get("worn", ""),
        subjects=_subjects(entry.get("subjects", ())),
    )


def _subjects(given: int | Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, int):
        return tuple(str(number) for number in range(1, given + 1))
    return tuple(given)


def _channels(
    entry: Mapping[str, Any], normalise: Normalise | None
) -> tuple[Mapping[str, str], Mapping[str, Iterable[str]]]:
    """Return unit by channel, and the channel groups; a format of hands has its own."""
    if entry["format"] not in SKELETONS:
        return entry["channels"], entry["channel_groups"]
    skeleton = SKELETONS[entry["format"]]
    scale = skeleton.unit_mm if normalise is None else normalise.unit_mm
    unit = "mm" if scale == 1 else f"{scale:g} mm"
    # a quaternion has no unit
    units = {name: "1" if name in skeleton.turn else unit for name in skeleton.channels}
    return units, skeleton.channel_groups


def _parse_archive(entry: Mapping[str, Any], folder: Path, where: str) -> Archive:
    lists = ("accepted", "sha256", "addresses", "beside")
    fields: dict[str, Any] = {
        key: tuple(value) if key in lists else value for key, value in entry.items()
    }
    if "checksums" in fields:
        fields["checksums"] = read_checksums(folder / fields["checksums"])
    archive = Archive(**fields, folder=folder)
    if archive.user_file and archive.kind == "unknown":
        known = ", ".join(ending for endings in FILE_KINDS.values() for ending in endings)
        raise ConfigurationError(
            f"{where}.archive.file: {archive.file!r} ends in none of {known}, so nobody knows "
            "how to read it"
        )
    return archive
