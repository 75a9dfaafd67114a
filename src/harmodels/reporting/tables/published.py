"""Published numbers beside ours, found by the values of a configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from harmodels.config.published import check_published, key_columns, measure_columns, read_rows
from harmodels.errors import ConfigurationError
from harmodels.reporting.checks import Known
from harmodels.reporting.tables.rows import EXPERIMENT

Published = Mapping[str, pd.DataFrame]  # by file of config/published


def published_value(
    published: pd.DataFrame | None,
    settings: Mapping[str, Any],
    measure: str,
    checkpoint: str,
    split: str = "test",
) -> float | None:
    """Return the published number of a measure, or None where the report has none.

    Published numbers were measured on test sequences. A row is found by all columns that are no
    measures, among `settings`: the options of the run, those that its experiment fixes included.
    Raises ConfigurationError if two rows have those settings.
    """
    if published is None or split != "test":
        return None
    keys = key_columns(list(published.columns))
    names = [name for name in measure_columns(measure, checkpoint) if name in published.columns]
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
    tables: Published,
    keys: Sequence[str],
    measures: Sequence[str],
    checkpoint: str,
) -> pd.DataFrame | None:
    """Return the published table of that file name; None for no name.

    `keys` are the hyperparameters that name our rows and that the report varies too. Raises
    ConfigurationError if it lacks one of them, or has none of the measures: it is then another
    table's file.
    """
    if name is None:
        return None
    if name not in tables:
        raise ConfigurationError(
            f"published table {name!r} was not given; "
            f"config/published has {', '.join(sorted(tables)) or 'none of those asked for'}"
        )
    check_published(name, set(tables[name].columns), keys, measures, checkpoint)
    return tables[name]


def check_beside(
    known: Known,
    file: str | None,
    rows: Sequence[str],
    measures: Sequence[str],
    checkpoint: str,
    unpublished: Sequence[str] = (),
) -> None:
    """Refuse a published table without the keys that name our rows, or without our columns."""
    if file is not None:
        columns = next(iter(read_rows(file, known.folder)), {})
        named = [key for key in rows if key not in {EXPERIMENT, *unpublished}]
        check_published(file, columns, named, measures, checkpoint)
