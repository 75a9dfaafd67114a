"""Times of trainings by experiment, on the page and printed after a run."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from harmodels.errors import ResultsError
from harmodels.messages import counted
from harmodels.records.run import RunRecord
from harmodels.reporting.page.experiments import (
    experiment_anchor,
    experiment_title,
    grouped_runs,
)
from harmodels.reporting.page.sections import ReportSection

PROCESSOR_TIME = re.compile(r"(\d+\.\d\d) s of processor time")  # as `script_job` logs it


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


def duration(seconds: float) -> str:
    """Return a time as people say it.

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


def lines_of_times(
    sections: Iterable[Mapping[str, Any]], since: float, results: Path = Path("results")
) -> list[str]:
    """Return a line an experiment whose jobs ended after `since`, and one for all other jobs.

    `since` is in seconds since 1970; `sections` are `pipeline.sections.page_sections`.
    """

    def is_new(path: Path) -> bool:
        return path.is_file() and path.stat().st_mtime >= since

    lines = []
    for entry in sections:
        runs = []
        for path in filter(is_new, (Path(folder, "run.json") for folder in entry["runs"])):
            with suppress(ResultsError):  # times are no result, and a failed run ends here too
                runs.append(RunRecord.read_file(path))
        for time in times(ReportSection.of(entry, runs, results)) if runs else []:
            overhead = "unknown" if time.overhead is None else duration(time.overhead)
            lines.append(
                f"{entry['report']} on {entry['dataset']}, {time.title}: "
                f"{counted(time.jobs, 'training')}, {duration(time.training)}; besides: {overhead}"
            )
    others = [
        float(found[-1])
        for path in sorted((results / "logs").rglob("*.log"))
        if "train" not in path.parts and is_new(path)
        if (found := PROCESSOR_TIME.findall(path.read_text(encoding="utf-8", errors="replace")))
    ]
    if others:
        seconds = duration(sum(others))
        lines.append(f"data, tables, figures and pages: {len(others)} jobs, {seconds} of processor")
    return ["Where the time went:", *(f"  {line}" for line in lines)] if lines else []
