"""The published numbers beside ours, found by the values of a configuration."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from harmodels.errors import ConfigurationError

_MEASURE = re.compile(
    r"(last_|best_)?(top\d+|macro_f1|most_predicted_share|epochs|early_stop_epoch)"
)


def published_value(
    published: pd.DataFrame | None, settings: Mapping[str, Any], measure: str, checkpoint: str
) -> float | None:
    """Return the published number of a measure, or None where the report has none.

    The column of `top_1` is `top1`, or `best_top1` where the report prints both checkpoints. A row
    is found by all columns that are no measures, among `settings`: the options of the run, those
    that its experiment fixes included.

    Raises
    ------
    ConfigurationError
        If the published table has two rows of those settings.
    """
    if published is None:
        return None
    keys = _key_columns(published)
    names = [name for name in _column_names(measure, checkpoint) if name in published.columns]
    if not names or any(key not in settings for key in keys):
        return None
    same = pd.Series(True, index=published.index)
    for key in keys:
        same &= published[key] == settings[key]
    if same.sum() > 1:
        raise ConfigurationError(
            f"the published table has {same.sum()} rows of "
            f"{ {key: settings[key] for key in keys} }; keep one"
        )
    found = published.loc[same, names[0]].dropna()
    return float(found.iloc[0]) if len(found) else None


def published_table(
    name: str | None,
    tables: Mapping[str, pd.DataFrame],
    keys: Sequence[str],
    measures: Sequence[str],
    checkpoint: str,
) -> pd.DataFrame | None:
    """Return the published table of that file name; None for no name.

    Parameters
    ----------
    name
        File of config/published.
    tables
        The files that were read, by name.
    keys
        The hyperparameters that name our rows and that the report varies too.
    measures, checkpoint
        The columns that our table has.

    Raises
    ------
    ConfigurationError
        If the file was not given, lacks a hyperparameter that names the rows, or has none of the
        measures: it is then another table's file.
    """
    if name is None:
        return None
    if name not in tables:
        raise ConfigurationError(
            f"published table {name!r} was not given; "
            f"config/published has {', '.join(sorted(tables)) or 'none of those asked for'}"
        )
    columns = set(tables[name].columns)
    lacking = [key for key in keys if key not in columns]
    if lacking:
        raise ConfigurationError(
            f"published table {name!r} has no column {lacking[0]!r}, which names our rows; "
            "if the report does not vary it, say so under `unpublished`"
        )
    if not any(columns & set(_column_names(measure, checkpoint)) for measure in measures):
        raise ConfigurationError(
            f"published table {name!r} has none of our columns {', '.join(measures)}"
        )
    return tables[name]


def _key_columns(published: pd.DataFrame) -> list[str]:
    return [name for name in published.columns if not _MEASURE.fullmatch(name)]


def _column_names(measure: str, checkpoint: str) -> list[str]:
    name = re.sub(r"^top_(\d+)$", r"top\1", measure)
    return [f"{checkpoint}_{name}", name]
