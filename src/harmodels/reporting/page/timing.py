"""Times of the trainings of a report, experiment by experiment."""

import json
from pathlib import Path
from typing import NamedTuple

from harmodels.reporting.page.experiments import (
    experiment_anchor,
    experiment_title,
    grouped_runs,
)
from harmodels.reporting.page.sections import ReportSection


class Time(NamedTuple):
    """Seconds of an experiment: its trainings, and what their jobs took besides.

    `overhead` is None where no job of the experiment left a time; it is the start of Python, the
    reading of data, the compilation of loops and the writing of results.
    """

    title: str
    anchor: str
    jobs: int
    training: float
    overhead: float | None

    @property
    def total(self) -> float:
        """Training and overhead together."""
        return self.training + (self.overhead or 0.0)


def times(section: ReportSection) -> list[Time]:
    """Return the times of each experiment, in the order of the report."""
    found = []
    for name, runs in grouped_runs(section).items():
        extra = [
            max(0.0, section.job_seconds[name, run.folder] - run.wall_time_s)
            for run in runs
            if (name, run.folder) in section.job_seconds
        ]
        found.append(
            Time(
                title=experiment_title(section, name),
                anchor=experiment_anchor(section, name),
                jobs=len(runs),
                training=sum(run.wall_time_s for run in runs),
                overhead=sum(extra) if extra else None,
            )
        )
    return found


def read_job_seconds(folder: Path) -> dict[tuple[str, str], float]:
    """Return the seconds of the last attempt of each job, by experiment and configuration.

    Benchmarks are no results: a folder of results without them, or with a damaged one, is whole,
    so what cannot be read is left out.

    Parameters
    ----------
    folder
        `results/logs/<report>/<dataset>/train`, where Snakemake writes its benchmarks.
    """
    found = {}
    for path in sorted(folder.glob("*/*.jsonl")):
        try:
            last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
            found[path.parent.name, path.name.removesuffix(".jsonl")] = float(last["s"])
        except (OSError, ValueError, IndexError, KeyError, TypeError):
            continue
    return found


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(4.2), duration(75), duration(7260)
    ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
