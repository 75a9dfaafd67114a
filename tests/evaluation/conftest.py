"""Small frames of predictions, written out by hand."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest


@pytest.fixture
def predictions_of() -> Callable[..., pd.DataFrame]:
    """Make predictions of (replicate, label, scores) rows; ids count within a replicate."""

    def make(rows: Sequence[tuple[int, int, Sequence[float]]]) -> pd.DataFrame:
        frame = pd.DataFrame([row[2] for row in rows]).add_prefix("score_")
        frame = frame.assign(replicate=[row[0] for row in rows], label=[row[1] for row in rows])
        number = frame.groupby("replicate").cumcount().astype(str)
        return frame.assign(checkpoint="last", split="test", id="s" + number)

    return make
