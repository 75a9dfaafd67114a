"""The registry of data sets: config/datasets.yaml parsed once into frozen dataclasses."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harmodels.assets import root
from harmodels.config.schema import check
from harmodels.config.yaml_files import read_yaml
from harmodels.data.checksums import read_checksums
from harmodels.data.dataset import (
    FILE_KINDS,
    Archive,
    Dataset,
    HandSimulation,
    Normalise,
    Simulation,
    Window,
)
from harmodels.data.formats import FORMATS
from harmodels.data.registry_checks import check_combination, unknown
from harmodels.data.table_layout import parse_layout
from harmodels.errors import ConfigurationError


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
    kind = HandSimulation if FORMATS[entry["format"]].skeleton else Simulation
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
    skeleton = FORMATS[entry["format"]].skeleton
    if skeleton is None:
        return entry["channels"], entry["channel_groups"]
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
            f"{where}.archive.file: {archive.file!r} is of an unknown type; use one of {known}"
        )
    return archive
