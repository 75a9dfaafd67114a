"""Sections of the page: a report on a data set, with what its files hold."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmodels.config.base import Text, key
from harmodels.records.run import RunRecord
from harmodels.reporting.reports import Products


class SectionSpec(Products):
    """What the page shows of a report."""

    title: Text | None = key(None, "Its heading.")
    experiments: dict[str, Text] = key({}, "The titles of its experiments, in their order.")


@dataclass(frozen=True)
class ReportSection:
    """One report on one data set, as the page shows it.

    Attributes
    ----------
    report, dataset
        Keys, as in the paths under results/.
    spec
        Its title and those of its experiments, its tables, figures and claims.
    folder
        `results/<report>/<dataset>`, which holds tables/, figures/ and claims.csv.
    runs
        Every run.json.
    job_seconds
        How long the whole job of a run took, by experiment and name of the configuration, where
        that is known; the training itself is in run.json.
    """

    report: str
    dataset: str
    spec: SectionSpec
    folder: Path
    runs: Sequence[RunRecord]
    job_seconds: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, entry: Mapping[str, Any], runs: Sequence[RunRecord], results: Path
    ) -> "ReportSection":
        """Return the section of an entry of `pipeline.sections.page_sections`."""
        place = entry["report"], entry["dataset"]
        seconds = read_job_seconds(results.joinpath("logs", *place, "train"))
        return cls(*place, SectionSpec.read(entry["spec"]), Path(entry["folder"]), runs, seconds)

    @property
    def id(self) -> str:
        """The anchor of the section, with which all anchors in it begin."""
        return f"{self.report}-{self.dataset}"

    @property
    def simulated(self) -> bool:
        """Whether any run read recordings that a generator made."""
        return any(run.simulated for run in self.runs)

    def file(self, *parts: str) -> str:
        """Return the address of a file of this section, relative to the page."""
        return "/".join((self.report, self.dataset, *parts))


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
