"""Names of a table's rows: the hyperparameters and titles that tell its configurations apart."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from harmodels.config.selection import Selection
from harmodels.errors import ConfigurationError

EXPERIMENT = "experiment"  # the heading above titles of experiments


class Settings(NamedTuple):
    """The values of a configuration that its grid varies, and all its options."""

    values: Mapping[str, Any]
    options: Mapping[str, Any]


def keys_of(configurations: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys that any of the configurations varies, in the order of the grids."""
    return list(dict.fromkeys(key for values in configurations for key in values))


def row_names(
    selections: Sequence[Selection],
    groups: Sequence[Sequence[Settings]],
    titled: bool = False,
) -> list[list[dict[str, Any]]]:
    """Return what names each row, by selection; a group holds the configurations of a selection.

    Rows of several experiments have the union of the keys that these vary. A key that an
    experiment fixes shows the option's value, one that it does not know stays empty; titles of
    selections, where any are given or `titled` asks for them, come first.

    Raises
    ------
    ConfigurationError
        If two rows would have the same names.
    """
    keys = keys_of(settings.values for group in groups for settings in group)
    titled = titled or any(selection.title for selection in selections)
    names = []
    for selection, group in zip(selections, groups, strict=True):
        title = {EXPERIMENT: selection.name} if titled else {}
        names.append(
            [
                title | {key: {**options, **values}.get(key) for key in keys}
                for values, options in group
            ]
        )
    seen = set()
    for name in chain.from_iterable(names):
        row = tuple(name.values())  # all rows have the same keys
        if row in seen:
            raise ConfigurationError(
                f"several rows are called {name}; give their experiments a `title`"
            )
        seen.add(row)
    return names
