"""What a report published of an experiment: its files, their columns, and whether they fit."""

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import model_validator

from harmodels.config.base import Matching, Record, key, wrong
from harmodels.config.selection import Where
from harmodels.errors import ConfigurationError
from harmodels.messages import nearest

File = Annotated[str, Matching(r"[^/]+\.csv", "the name of a CSV file of config/published")]
_MEASURE = re.compile(
    r"(last_|best_)?(top\d+|macro_f1|most_predicted_share|epochs|early_stop_epoch)"
)

TRUE_CLASS = "true_class"  # of a confusion matrix, behind its keys and before the classes
EPOCH = "epoch"  # of digitised curves, behind their keys and before <split>_<metric>


class Matrices(Record):
    """Confusion matrices of test sequences, by the weights that they are of."""

    last: File | None = key(None, "Of the weights after the last epoch.")
    best: File | None = key(None, "Of the best weights.")


class PublishedRun(Record):
    """What the report published of an experiment, in files of config/published."""

    table: File | None = key(
        None,
        "Numbers of a table, one row a configuration: its keys, then top1, best_top1, epochs and "
        "so on.",
    )
    where: Where = key(
        {},
        "Values of options that the report's numbers were made with, where its files do not say "
        "so: only runs with these have them beside.",
    )
    curves: File | None = key(
        None, "Digitised curves: the keys of a configuration, epoch, then <split>_<metric>."
    )
    confusions: Matrices = key(
        Matrices(),
        "Confusion matrices of test sequences, one row a true class: the keys of a configuration, "
        "true_class, then a column a class.",
    )

    @model_validator(mode="after")
    def _names_a_file(self) -> "PublishedRun":
        if not self.files:
            raise wrong("no file is named; give table, curves or confusions")
        return self

    @property
    def matrices(self) -> dict[str, str]:
        """The files of confusion matrices, by checkpoint."""
        return {name: file for name, file in self.confusions if file is not None}

    @property
    def files(self) -> list[str]:
        """The files of config/published that it names, each once."""
        named = [self.table, self.curves, *self.matrices.values()]
        return list(dict.fromkeys(file for file in named if file is not None))

    def check(self, folder: Path) -> None:
        """Refuse files that cannot be read as what the entry calls them.

        Parameters
        ----------
        folder
            `config/published`.

        Raises
        ------
        ConfigurationError
            If a file does not exist, lacks the column of its kind, is a matrix of other columns
            than rows, or has other keys than the entry's other files.
        """
        keys: dict[tuple[str, ...], str] = {}
        for file in self.files:
            rows = read_rows(file, folder)
            columns = list(rows[0]) if rows else []
            matrix = file in self.matrices.values()
            last = EPOCH if file == self.curves else TRUE_CLASS if matrix else None
            if last is not None and last not in columns:
                raise ConfigurationError(f"published file {file!r} has no column {last!r}")
            if last == EPOCH and not curve_columns(columns):
                raise ConfigurationError(
                    f"published file {file!r} has no column that is called <split>_<metric>"
                )
            own = key_columns(columns) if last is None else columns_before(last, columns)
            if last == TRUE_CLASS:
                classes = columns[len(own) + 1 :]
                named = list(dict.fromkeys(row[TRUE_CLASS] for row in rows))
                if named != classes or len(rows) % len(classes):
                    raise ConfigurationError(
                        f"published file {file!r}: the rows are of {', '.join(named)}, the columns "
                        f"of {', '.join(classes)}; give each matrix one row a class in that order"
                    )
            keys.setdefault(tuple(sorted(own)), file)
        if len(keys) > 1:
            first, second = list(keys.items())[:2]
            raise ConfigurationError(
                f"published file {second[1]!r} has the keys {', '.join(second[0])}, but "
                f"{first[1]!r} has {', '.join(first[0])}"
            )


def read_published_runs(entries: Mapping[str, Any]) -> dict[str, PublishedRun]:
    """Return the published runs of entries as `given` wrote them, by experiment."""
    return {name: PublishedRun.read(entry) for name, entry in entries.items()}


def curve_columns(columns: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return split and metric of each curve of a file of digitised curves, by column.

    Examples
    --------
    >>> curve_columns(["hidden", "epoch", "train_cross_entropy"])
    {'train_cross_entropy': ('train', 'cross_entropy')}
    """
    found = {name: name.partition("_") for name in columns}
    splits = ("train", "validation", "test")
    return {name: (split, rest) for name, (split, _, rest) in found.items() if split in splits}


def columns_before(last: str, columns: Sequence[str]) -> list[str]:
    """Return the columns before `last`: the keys of a file of confusion matrices or of curves."""
    return list(columns[: list(columns).index(last)])


def read_rows(file: str, folder: Path) -> list[dict[str, str]]:
    """Return the rows of a file of `config/published` as text.

    Raises
    ------
    ConfigurationError
        If there is no such file; it names those that there are.
    """
    path = folder / file
    if not path.is_file():
        known = sorted(other.name for other in folder.glob("*.csv"))
        raise ConfigurationError(
            f"there is no published file {file!r}{nearest(file, known)}; "
            f"config/published has {', '.join(known) or 'none'}"
        )
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def key_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns of a published table that are hyperparameters, not measures."""
    return [name for name in columns if not _MEASURE.fullmatch(name)]


def measure_columns(measure: str, checkpoint: str) -> list[str]:
    """Return where a measure may be published: `best_top1` before `top1`."""
    name = re.sub(r"^top_(\d+)$", r"top\1", measure)
    return [f"{checkpoint}_{name}", name]


def check_published(
    name: str,
    columns: Collection[str],
    keys: Sequence[str],
    measures: Sequence[str],
    checkpoint: str,
) -> None:
    """Refuse a published table that cannot be shown beside ours.

    Parameters
    ----------
    name, columns
        Its file in config/published, and the columns there.
    keys
        The hyperparameters that name our rows and that the report varies too.
    measures, checkpoint
        The columns of our table, and the weights they are of.

    Raises
    ------
    ConfigurationError
        If it lacks a hyperparameter that names the rows, or has none of the measures: it is then
        another table's file.
    """
    lacking = [key for key in keys if key not in columns]
    if lacking:
        raise ConfigurationError(
            f"published table {name!r} has no column {lacking[0]!r}, which names our rows; "
            "if the report does not vary it, say so under `unpublished`"
        )
    known = set(columns)
    if not any(known & set(measure_columns(measure, checkpoint)) for measure in measures):
        raise ConfigurationError(
            f"published table {name!r} has none of our columns {', '.join(measures)}"
        )
