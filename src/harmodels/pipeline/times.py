"""Where the time of a run of Snakemake went, in lines to print at its end."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harmodels.config.messages import counted
from harmodels.errors import ResultsError
from harmodels.records.run import RunRecord
from harmodels.reporting.page.sections import ReportSection
from harmodels.reporting.page.timing import duration, read_job_seconds, times

RESULTS = Path("results")
PROCESSOR_TIME = re.compile(r"(\d+\.\d\d) s of processor time")  # as `script_job` logs it


def lines_of_times(
    sections: Iterable[Mapping[str, Any]], since: float, results: Path = RESULTS
) -> list[str]:
    """Return how long each experiment's jobs took that ended after `since`.

    A line an experiment: its jobs, the seconds of their trainings, and what the jobs took besides;
    one more line for all jobs that train nothing. Empty where no job ended.

    Parameters
    ----------
    sections
        As `pipeline.sections.page_sections` returns them.
    since
        Seconds since 1970 at which the run began.
    results
        The folder of the results.
    """
    lines = []
    for entry in sections:
        paths = [Path(folder, "run.json") for folder in entry["runs"]]
        section = ReportSection(
            report=entry["report"],
            dataset=entry["dataset"],
            spec=entry["spec"],
            folder=Path(entry["folder"]),
            runs=_records(path for path in paths if _is_new(path, since)),
            job_seconds=read_job_seconds(
                results / "logs" / entry["report"] / entry["dataset"] / "train"
            ),
        )
        for time in times(section) if section.runs else []:
            overhead = "unknown" if time.overhead is None else duration(time.overhead)
            lines.append(
                f"{entry['report']} on {entry['dataset']}, {time.title}: "
                f"{counted(time.jobs, 'training')}, {duration(time.training)}; besides: {overhead}"
            )
    others = [
        float(found[-1])
        for path in sorted((results / "logs").rglob("*.log"))
        if "train" not in path.parts and _is_new(path, since)
        if (found := PROCESSOR_TIME.findall(path.read_text(encoding="utf-8", errors="replace")))
    ]
    if others:
        seconds = duration(sum(others))
        lines.append(f"data, tables, figures and pages: {len(others)} jobs, {seconds} of processor")
    return ["Where the time went:", *(f"  {line}" for line in lines)] if lines else []


def _records(paths: Iterable[Path]) -> list[RunRecord]:
    found = []
    for path in paths:
        with suppress(ResultsError):  # times are no result, and a run that failed ends here too
            found.append(RunRecord.read_file(path))
    return found


def _is_new(path: Path, since: float) -> bool:
    return path.is_file() and path.stat().st_mtime >= since
