"""What a table, figure or claim is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from harmodels.assets import root
from harmodels.config.published import read_published_runs
from harmodels.data.sequences import read_subjects
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published


@dataclass(frozen=True, eq=False)
class Sources:
    """Runs, and what is set beside them.

    Attributes
    ----------
    runs
        Of each experiment that the specification selects from, in grid order.
    tables
        The files of `config/published` that the specification names.
    published
        What the report published of the experiments, as `runs.published.read_published` gives it.
    subjects
        Columns id and subject of the data set's sequences; without them, and where the subjects
        are empty, intervals are over seeds alone.
    """

    runs: Runs
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    published: Runs = field(default_factory=dict)
    subjects: pd.DataFrame | None = None

    @classmethod
    def of_job(cls, snakemake: Any) -> Self:
        """Return what a job's script is given.

        Parameters
        ----------
        snakemake
            As the script has it: params `folders`, `published_runs` and maybe `published`, and
            maybe the input `sequences`.

        Raises
        ------
        ResultsError
            If a file is missing or damaged.
        """
        params, folder = snakemake.params, root() / "config" / "published"
        sequences = snakemake.input.get("sequences")
        return cls(
            runs=load_runs(params.folders),
            tables={file: pd.read_csv(folder / file) for file in params.get("published", ())},
            published=load_published(read_published_runs(params.published_runs["entries"]), folder),
            subjects=read_subjects(*sequences) if sequences else None,
        )
