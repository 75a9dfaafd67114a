"""The registry of data sets: config/datasets.yaml, whose entries become records of data sets."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, model_validator

from harmodels.assets import root
from harmodels.config.base import AS_WRITTEN, Distinct, Matching, Record, Text, key, wrong
from harmodels.config.yaml_files import read_yaml, refuse_oversized
from harmodels.data.dataset import (
    FILE_KINDS,
    Archive,
    Dataset,
    HandSimulation,
    Normalise,
    Simulation,
    Window,
)
from harmodels.data.formats import FORMATS, check_entry
from harmodels.data.table_layout import TableLayout
from harmodels.data.tables.names import plain
from harmodels.data.units import unit_factor
from harmodels.errors import ConfigurationError
from harmodels.messages import unknown

Name = Annotated[str, Matching("[a-z][a-z0-9_]*", "lower-case letters, digits and _")]
Person = Annotated[str, Matching("[A-Za-z0-9_.-]+", "letters, digits and _ . -")]
ClassName = Annotated[
    str,
    Matching(
        r"\w(?:[\w +.,:()'/&-]{0,58}[\w+.)'])?",
        "up to 60 letters of any script, digits, blanks and signs such as _ - + . , ( ) /",
    ),
]
ENTRY_NAME = Matching("[a-z0-9][a-z0-9-]*", "lower-case letters, digits and -", 100)


def _named(people: Any) -> Any:
    """Return the names 1, 2, … of so many people."""
    if isinstance(people, int) and not isinstance(people, bool):
        return tuple(str(number) for number in range(1, people + 1))
    return people


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise wrong(unknown("format", name, FORMATS))
    return name


def _alike(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse classes that a page would show, and a raw file would name, alike."""
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(plain(name), name)
        if other != name:
            raise wrong(f"{other!r} and {name!r} differ in case, blanks, - or _ only")
    return classes


def _several(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(items) < 2:
        raise wrong("there should be at least two")
    return items


def _plan(given: Any) -> str:
    hands = isinstance(given, HandSimulation) or (
        isinstance(given, Mapping) and "median_frames" in given
    )
    return "[hands]" if hands else "[phone]"


class Entry(Record):
    """The registry of data sets: `config/datasets.yaml`."""

    title: Text = key(..., "The name shown on pages and figures.")
    licence: Text = key(..., "Under which terms the recordings may be used.")
    citation: Text = key(..., "The publication to cite.")
    homepage: str = key("", "Where people read about the data set.")
    format: Annotated[str, AfterValidator(_known_format)] = key(
        ..., f"The raw format, which chooses the parser: {', '.join(sorted(FORMATS))}."
    )
    subjects: Annotated[Distinct[Person], AfterValidator(_several), BeforeValidator(_named)] = key(
        (),
        "The people recorded, by name, or their number where they are called 1, 2, …; asked for by "
        "protocol: leave_one_subject_out, whose jobs are planned before anything is downloaded.",
    )
    copies: dict[str, Text] = key(
        {},
        "Recordings that the published data hold twice, each with the one that it repeats, by the "
        "ids of their sequences without the number: 1/sitting/13. Other sequences of equal content "
        "are refused between people and between splits.",
    )
    worn: str = key(
        "",
        "Where and how the sensor was worn, for people who use a model trained on the recordings.",
    )
    path: str = key(
        "",
        "The folder or file inside the archive that the parser reads; of recordings, all of them "
        "by default.",
    )
    archive: Archive | None = key(None, "Where the recordings come from.")
    recordings: Text | None = key(
        None,
        "A file or folder of your own, beside the registry or an absolute path. It is read where "
        "it lies, and again when its content has changed; hidden files are never read.",
    )
    simulation: (
        Annotated[
            Annotated[Simulation, Tag("[phone]")] | Annotated[HandSimulation, Tag("[hands]")],
            Discriminator(_plan),
        ]
        | None
    ) = key(None, "How the recordings are made up.")
    rate_hz: float = key(..., "Samples a second.", gt=0)
    recorded_hz: float | None = key(
        None,
        "Samples a second of the files, which have no times (format motionsense); they are "
        "resampled to rate_hz.",
        gt=0,
    )
    channels: dict[Name, Text] | None = key(
        None,
        "Channel names in the order of the last axis, each with its unit; the formats sfinge3d and "
        "fpha name their joints themselves.",
        min_length=1,
    )
    channel_groups: dict[Name, Distinct[str]] = key(
        {},
        "Named subsets of the channels that a report can ask for, acceleration among them; the "
        "formats sfinge3d and fpha have their own.",
    )
    classes: Annotated[Distinct[ClassName], AfterValidator(_several), AfterValidator(_alike)] = key(
        ..., "Class names in the order of the labels 0, 1, …."
    )
    window: Window | None = key(
        None, "How continuous recordings (formats wisdm, motionsense and table) are cut."
    )
    table: TableLayout | None = key(None, "Which column of your own table means what.")
    normalise: Normalise | None = key(
        None, "How the positions of joints (formats sfinge3d and fpha) are expressed."
    )
    official_records: dict[str, Annotated[int, AS_WRITTEN]] | None = key(
        None,
        "Records of each class in the official file (format wisdm); the card says whether they "
        "were found.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        sources = [self.archive, self.simulation, self.recordings]
        if len([each for each in sources if each is not None]) != 1:
            raise wrong("give either archive or simulation or recordings, and one of them alone")
        if self.recordings is None and not self.path:
            raise wrong("the key 'path' is missing")
        known = self.channels or {}
        for group, channels in self.channel_groups.items():
            for name in channels:
                if name not in known:
                    raise wrong(f"channel_groups.{group}: {unknown('channel', name, known)}")
        if self.table is not None:
            _check_table(self.table, known, self.classes)
        if self.archive is not None:
            _check_archive(self.archive)
        differing = set(self.official_records or self.classes) ^ set(self.classes)
        if differing:
            raise wrong(
                f"official_records: {sorted(differing)[0]!r} is only there or only in classes"
            )
        return self


def _check_table(table: TableLayout, channels: Mapping[str, str], classes: Sequence[str]) -> None:
    for name in table.columns:
        if name not in channels:
            raise wrong(f"table.columns: {unknown('channel', name, channels)}")
    for name, unit in table.units.items():
        matching = [channel for channel in channels if f"_{name}_" in f"_{channel}_"]
        if not matching:
            raise wrong(f"table.units: {unknown('channel', name, channels)}")
        for channel in matching:
            try:
                unit_factor(unit, channels[channel])
            except ValueError as error:
                raise wrong(f"table.units.{name}: {error}") from None
    labels: dict[str, str] = {}
    for label, name in table.names.items():
        if plain(name) not in map(plain, classes):
            raise wrong(f"table.labels.{label}: {unknown('class', name, classes)}")
        other = labels.setdefault(plain(label), label)
        if other != label:
            raise wrong(f"table.labels: {other!r} and {label!r} are alike; keep one")


def _check_archive(archive: Archive) -> None:
    if not (archive.user_file or archive.addresses):
        raise wrong("archive: give addresses, or user_file: true where a user may bring the file")
    if archive.addresses and not (archive.sha256 or archive.git_blob or archive.checksums):
        raise wrong("archive: a download needs sha256, git_blob or checksums to be checked against")
    if archive.user_file and archive.kind == "unknown":
        known = ", ".join(ending for endings in FILE_KINDS.values() for ending in endings)
        raise wrong(f"archive.file: {archive.file!r} is of an unknown type; use one of {known}")


def load_registry(path: Path) -> dict[str, Dataset]:
    """Read and check a registry and the lists of checksums that it names.

    Raises ConfigurationError naming file, key and value of whatever is wrong.
    """
    content = read_yaml(path)
    refuse_oversized(content, str(path))
    return {name: dataset_of(name, entry, path) for name, entry in content.items()}


def registry_files(of_user: Iterable[str]) -> list[Path]:
    """Return the registry of the package and those of a user, as `load_registries` takes them."""
    return [root() / "config" / "datasets.yaml", *map(Path, of_user)]


def load_registries(paths: Sequence[Path]) -> dict[str, Dataset]:
    """Read the registry and those of a user, whose entries come after it and have other names."""
    merged: dict[str, Dataset] = {}
    for path in paths:
        entries = load_registry(path)
        for name in entries.keys() & merged.keys():
            raise ConfigurationError(
                f"{path}: {name} is the name of a data set in another registry; choose another name"
            )
        merged |= entries
    return merged


def get(registry: Mapping[str, Dataset], name: str) -> Dataset:
    """Return one data set; an unknown one raises ConfigurationError."""
    if name not in registry:
        raise ConfigurationError("datasets: " + unknown("data set", name, registry))
    return registry[name]


def dataset_of(name: Any, content: Any, path: Path) -> Dataset:
    """Return the data set of an entry, as the registry `path` has it or would have it."""
    where = f"{path}: {name}"
    ENTRY_NAME.check(name, str(path))
    entry = Entry.read(content, where, folder=path.parent)
    check_entry({k: v for k, v in entry.given().items() if v is not None}, where)
    channels, groups = _channels(entry)
    same = set(Entry.model_fields) - {"channels", "channel_groups"}
    return Dataset(
        name=name,
        channels=tuple(channels),
        units=tuple(channels.values()),
        channel_groups=groups,
        folder=path.parent,
        **{key: getattr(entry, key) for key in same},
    )


def _channels(entry: Entry) -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
    """Return unit by channel, and the channel groups; a format of hands has its own."""
    skeleton = FORMATS[entry.format].skeleton
    if skeleton is None:
        return entry.channels or {}, entry.channel_groups
    scale = skeleton.unit_mm if entry.normalise is None else entry.normalise.unit_mm
    unit = "mm" if scale == 1 else f"{scale:g} mm"
    # a quaternion has no unit
    units = {name: "1" if name in skeleton.turn else unit for name in skeleton.channels}
    return units, skeleton.channel_groups
