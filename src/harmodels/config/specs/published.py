"""Columns of the published tables, and whether such a table can stand beside ours."""

import re
from collections.abc import Collection, Sequence

from harmodels.errors import ConfigurationError

_MEASURE = re.compile(
    r"(last_|best_)?(top\d+|macro_f1|most_predicted_share|epochs|early_stop_epoch)"
)


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
    """Refuse a published table that cannot stand beside ours.

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
