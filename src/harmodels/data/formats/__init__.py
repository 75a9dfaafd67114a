"""Raw formats of recordings, one module each, which ends with its record `FORMAT`.

The modules of this folder are found when it is imported and loaded by name, so that the code of one
format is not part of another's digest. A format that is defined elsewhere is added to `FORMATS`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harmodels.data.dataset import Dataset
from harmodels.data.sequences import Sequences
from harmodels.data.skeletons import Skeleton
from harmodels.errors import ConfigurationError

# Keys of entries whose files do not name channels, and of simulated recordings of a phone.
CHANNELS = frozenset({"channels", "channel_groups"})
PHONE = CHANNELS | {"channel_groups.acceleration", "simulation.seconds_per_class"}


class Raw(NamedTuple):
    """What a parser returns: sequences, notes for the card, and the files that were read."""

    sequences: Sequences
    notes: dict[str, Any]
    files: list[Path]


@dataclass(frozen=True)
class Format:
    """How the files of one raw format are read, and what a registry entry says of them.

    A key of the registry that some format names in `needs` or `may` is refused in entries of
    formats that do not. `window.step` is the key `step` of the entry's `window`, needed where there
    is one. `read` takes `Dataset.path` and raises DataError, naming file, line and remedy; `check`
    takes an entry and its place (file and name), for its ConfigurationError. `halves` and `people`
    say whether the files tell training from test data, and who was recorded; None is not known.
    """

    read: Callable[[Dataset, Path], Raw]
    needs: frozenset[str] = CHANNELS
    may: frozenset[str] = frozenset()
    check: Callable[[Mapping[str, Any], str], None] | None = None
    skeleton: Skeleton | None = None
    halves: bool | None = None
    people: bool | None = None


FORMATS: dict[str, Format] = {}


def check_entry(entry: Mapping[str, Any], where: str) -> None:
    """Check that an entry of the registry has the keys of its format, and what they hold."""
    name = entry["format"]
    own = FORMATS[name]
    for key in sorted(set().union(*(each.needs | each.may for each in FORMATS.values()))):
        part, _, last = key.rpartition(".")
        holder = entry.get(part) if part else entry
        if holder is None:
            continue
        given = holder.get(last) is not None
        if given and key not in own.needs | own.may:
            raise ConfigurationError(
                f"{where}: the format {name} has no key {key}; remove it or choose another format"
            )
        if not given and key in own.needs:
            raise ConfigurationError(f"{where}: the format {name} needs the key {key}")
    if own.check is not None:
        own.check(entry, where)


for _module in pkgutil.iter_modules(__path__):
    FORMATS[_module.name] = importlib.import_module(f"{__name__}.{_module.name}").FORMAT
