"""Small frames of predictions, written out by hand."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest


def _predictions(
    rows: Sequence[tuple[int, int, Sequence[float]]], checkpoint: str = "last"
) -> pd.DataFrame:
    """Make predictions of (replicate, label, scores) rows; ids count within a replicate."""
    seen: dict[int, int] = {}
    records = []
    for replicate, label, scores in rows:
        number = seen.setdefault(replicate, 0)
        seen[replicate] += 1
        records.append(
            {
                "replicate": replicate,
                "checkpoint": checkpoint,
                "split": "test",
                "id": f"s{number}",
                "label": label,
            }
            | {f"score_{c}": score for c, score in enumerate(scores)}
        )
    return pd.DataFrame(records)


@pytest.fixture
def predictions_of() -> Callable[..., pd.DataFrame]:
    return _predictions
