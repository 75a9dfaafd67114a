"""Frames as CSV files in full precision, written and read back."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from harmodels.errors import ResultsError
from harmodels.records.base import AGAIN


def csv_text(frame: pd.DataFrame) -> str:
    """Return the content of the CSV file of a frame; the same frame gives the same bytes."""
    return frame.to_csv(index=False, lineterminator="\n")


def read_csv(
    path: str | Path, columns: Iterable[str], dtype: Mapping[str, type] | None = None
) -> pd.DataFrame:
    """Read what `csv_text` returned back from a file; only an empty cell is a missing value.

    `dtype` has the types of columns whose text could be read as another type. Raises ResultsError
    if the file is missing or lacks one of `columns`.
    """
    try:
        frame = pd.read_csv(
            path,
            keep_default_na=False,
            na_values=[""],
            dtype=dict(dtype or {}),
            float_precision="round_trip",  # the number that was written, in every version of pandas
        )
    except (OSError, ValueError) as error:
        raise ResultsError(f"cannot read {path}: {error}. {AGAIN}") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ResultsError(f"{path} lacks the column {missing[0]!r}. {AGAIN}")
    return frame
