"""A small pipeline of two reports on simulated and recorded data."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harmodels.pipeline.pipeline import Pipeline, load_pipeline

CONFIG = {
    "name": "small",
    "reports": {
        "rnn_tbptt": {"datasets": ["simulated", "wisdm"], "experiments": ["part_b", "part_c"]},
        "mlp_features": {"datasets": ["uci-har"], "experiments": ["baselines"]},
    },
    "replicates": 2,
    "seed": 3,
    "device": "cpu",
}


@pytest.fixture(scope="session")
def load(repository: Path) -> Callable[..., Pipeline]:
    """Load the small configuration with other values for some keys."""
    return lambda **changes: load_pipeline({**CONFIG, **changes}, repository)


@pytest.fixture(scope="session")
def pipeline(load: Callable[..., Pipeline]) -> Pipeline:
    return load()


@pytest.fixture
def wildcards() -> Callable[..., SimpleNamespace]:
    """The wildcards of a job of part_b."""
    usual = {"report": "rnn_tbptt", "dataset": "simulated", "experiment": "part_b"}
    return lambda **changes: SimpleNamespace(**{**usual, **changes})
