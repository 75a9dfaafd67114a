"""What a table, figure or claim is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from harmodels.config.published import read_published_runs
from harmodels.data.sequences import read_subjects
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published, published_folder


@dataclass(frozen=True, eq=False)
class Sources:
    """Runs, and what is set beside them."""

    runs: Runs
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)  # of config/published
    published: Runs = field(default_factory=dict)  # as `runs.published.read_published` gives it
    # columns id and subject; without them, or where subjects are empty, intervals are over seeds
    subjects: pd.DataFrame | None = None

    @classmethod
    def of_job(cls, snakemake: Any) -> Self:
        """Return what a job's script is given; a missing or damaged file is a ResultsError."""
        params = snakemake.params
        folder = published_folder(params.published_runs.get("folder"))
        sequences = snakemake.input.get("sequences")
        return cls(
            runs=load_runs(params.folders),
            tables={file: pd.read_csv(folder / file) for file in params.get("published", ())},
            published=load_published(read_published_runs(params.published_runs["entries"]), folder),
            subjects=read_subjects(*sequences) if sequences else None,
        )
