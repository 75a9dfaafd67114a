"""Labels of the results in `snakemake --report`, in the words of the configuration."""

from collections.abc import Callable
from dataclasses import dataclass

from harmodels.pipeline.inputs import Wildcards
from harmodels.pipeline.pipeline import Pipeline
from harmodels.reporting.labels import entry_label


@dataclass(frozen=True)
class Labels:
    """Functions of the wildcards of a job, as `report(...)` takes them."""

    pipeline: Pipeline

    def category(self, wildcards: Wildcards) -> str:
        """Return the report and its data set, under which a result is listed."""
        report = self.pipeline.report(wildcards.report)
        return f"{report.title} ({self.dataset(wildcards)})"

    def dataset(self, wildcards: Wildcards) -> str:
        """Return the title of a data set."""
        return self.pipeline.dataset(wildcards.dataset).title

    def entry(self, section: str) -> Callable[[Wildcards], dict[str, str]]:
        """Return a function to the name and title of one table or figure."""
        return lambda wildcards: {
            section.removesuffix("s"): entry_label(wildcards.name),
            "title": self.pipeline.spec(wildcards.report, section, wildcards.name).given()["title"],
        }

    def data(self, title: str) -> Callable[[Wildcards], dict[str, str]]:
        """Return a function to a data set and what is shown of it."""
        return lambda wildcards: {"data set": self.dataset(wildcards), "title": title}
