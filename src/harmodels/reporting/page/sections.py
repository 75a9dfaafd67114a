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
    """One report on one data set, as the page shows it."""

    report: str
    dataset: str
    spec: SectionSpec
    folder: Path  # results/<report>/<dataset>
    runs: Sequence[RunRecord]
    # of whole jobs, by experiment and configuration; the training itself is in run.json
    job_seconds: Mapping[tuple[str, str], float] = field(default_factory=dict)
    # of the draws of its experiments: one, or several of which the first is taken that is possible
    protocols: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, entry: Mapping[str, Any], runs: Sequence[RunRecord], results: Path
    ) -> "ReportSection":
        """Return the section of an entry of `pipeline.sections.page_sections`."""
        place = entry["report"], entry["dataset"]
        seconds = read_job_seconds(results.joinpath("logs", *place, "train"))
        spec, folder = SectionSpec.read(entry["spec"]), Path(entry["folder"])
        return cls(*place, spec, folder, runs, seconds, entry["protocols"])

    @property
    def id(self) -> str:
        """The anchor of the section, with which all anchors in it begin."""
        return f"{self.report}-{self.dataset}"

    @property
    def simulated(self) -> bool:
        """Whether any run read recordings that a generator made."""
        return any(run.simulated for run in self.runs)

    @property
    def published(self) -> bool:
        """Whether any of its numbers has a published one beside it."""
        products = (*self.spec.tables.values(), *self.spec.figures.values())
        claims = self.spec.claims.values()
        return any(one.published_files for one in products) or any(c.published for c in claims)

    def file(self, *parts: str) -> str:
        """Return the address of a file of this section, relative to the page."""
        return "/".join((self.report, self.dataset, *parts))


def read_job_seconds(folder: Path) -> dict[tuple[str, str], float]:
    """Return the seconds of the last attempt of each job, by experiment and configuration.

    They are Snakemake's benchmarks in `results/logs/<report>/<dataset>/train`. Benchmarks are no
    results: what cannot be read is left out.
    """
    found = {}
    for path in sorted(folder.glob("*/*.jsonl")):
        try:
            last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
            found[path.parent.name, path.name.removesuffix(".jsonl")] = float(last["s"])
        except (OSError, ValueError, IndexError, KeyError, TypeError):
            continue
    return found
