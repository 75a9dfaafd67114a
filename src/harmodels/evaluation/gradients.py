"""Norms of the gradient through time, as history.parquet holds them.

The metric `gradient_norm_<k>` belongs to the state k steps before the last, in epoch 0 before
training and in a replicate's last epoch after it (docs/derivations/elman.md).
"""

import pandas as pd

PREFIX = "gradient_norm_"


def gradient_norm_metric(steps_back: int) -> str:
    """Return the metric of the state `steps_back` steps before the last."""
    return f"{PREFIX}{steps_back}"


def is_gradient_norm(history: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows of a history hold norms of gradients."""
    return history["metric"].str.startswith(PREFIX)


def gradient_norms(history: pd.DataFrame) -> pd.DataFrame:
    """Return replicate, trained, steps_back and value; `trained` is False before training."""
    rows = history.loc[is_gradient_norm(history)]
    found = pd.DataFrame(
        {
            "replicate": rows["replicate"],
            "trained": rows["epoch"] > 0,
            "steps_back": rows["metric"].str.removeprefix(PREFIX).astype("int64"),
            "value": rows["value"],
        }
    )
    # folds may have ended in different epochs
    keys = ["replicate", "trained", "steps_back"]
    return found.groupby(keys)["value"].mean().reset_index()
