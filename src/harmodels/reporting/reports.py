"""Reports as a project builds them: files read, grids expanded, products checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.base import Key, Record, key
from harmodels.config.experiments import OWN_DRAW, Experiment, check_replaced, expand
from harmodels.config.project import ReportEntry
from harmodels.config.published import PublishedRun
from harmodels.config.report_file import ReportFile, ReportPlan
from harmodels.config.yaml_files import read_yaml, refuse_oversized
from harmodels.errors import ConfigurationError
from harmodels.messages import shown, unknown
from harmodels.reporting.checks import Known
from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.tables import TableSpec


class Products(Record):
    """The tables, figures and claims of a report."""

    tables: dict[Key, TableSpec] = key({}, "By the name of their files.")
    figures: dict[Key, FigureSpec] = key({}, "By the name of their files.")
    claims: dict[Key, ClaimSpec] = key({}, "By their id in the ledger.")


@dataclass(frozen=True)
class Report:
    """A report on its data sets, with experiments, tables, figures, claims and published runs.

    Tables, figures and claims are checked; those in `left_out` (by section and name) need
    experiments that the project does not build. `draws` are those of its experiments, by data set
    and key, of every data set that the project or the report's file names. `source` is its file as
    messages name it, `folder` where its published files lie; None: config/published.
    """

    key: str
    source: str
    folder: str | None
    title: str
    channels: str | None
    datasets: tuple[str, ...]
    replicates: int
    replicates_in_a_job: int
    draws: dict[str, dict[str, dict[str, Any]]]
    experiments: dict[str, Experiment]
    tables: dict[str, TableSpec]
    figures: dict[str, FigureSpec]
    claims: dict[str, ClaimSpec]
    published_runs: dict[str, PublishedRun]
    left_out: dict[str, list[str]]

    def buildable(self, section: str) -> dict[str, ProductSpec]:
        """Return the tables, figures or claims whose experiments are all built."""
        return {
            name: spec
            for name, spec in getattr(self, section).items()
            if f"{section}.{name}" not in self.left_out
        }


def parse_report(key: str, plan: ReportEntry, root: Path, replicates: int, in_a_job: int) -> Report:
    """Read the file of a report, expand its grids and check what is made of its runs.

    `replicates` and `in_a_job` are the project's; the plan may replace the first. Raises
    ConfigurationError naming file, key and value.
    """
    if plan.file is None:
        where, folder = f"config/reports/{key}.yaml", root / "config" / "published"
        content = _of_package(key, root / where)
        return _parse(key, plan, content, where, folder, replicates, in_a_job)
    content = _of_user(key, plan.file)
    try:
        folder = Path(plan.file).parent
        return _parse(key, plan, content, plan.file, folder, replicates, in_a_job)
    except ConfigurationError as error:
        # what checks grids and published files names the package's folders
        text = str(error).replace(f"config/reports/{key}.yaml", plan.file)
        text = text.replace("config/published", f"the folder of {plan.file}")
        raise ConfigurationError(text) from error


def _of_package(key: str, path: Path) -> dict[str, Any]:
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise ConfigurationError(
            f"reports: {unknown('report', key, known)}; of a report of your own name the file in "
            f"reports.{key}.file"
        )
    return read_yaml(path)


def _of_user(key: str, file: str) -> dict[str, Any]:
    if not os.path.isfile(file):  # Path.is_file raises where a name is too long
        raise ConfigurationError(
            f"reports.{key}.file: there is no file {shown(file)} in {Path.cwd()}; give its path "
            "from the working directory, or an absolute one"
        )
    return read_yaml(Path(file))


def _parse(
    key: str,
    plan: ReportEntry,
    content: dict[str, Any],
    where: str,
    folder: Path,
    replicates: int,
    in_a_job: int,
) -> Report:
    refuse_oversized(content, where)
    file = ReportFile.read(content, where)
    for choice in ("experiments", "also"):
        for name in getattr(plan, choice) or ():
            if name not in file.experiments:
                raise ConfigurationError(
                    f"reports.{key}.{choice}: {unknown('experiment', name, file.experiments)}"
                )
    usual = tuple(name for name, entry in file.experiments.items() if not entry.optional)
    chosen = [*(plan.experiments or usual), *plan.also]
    check_replaced(key, plan.options, file, chosen)
    experiments = {
        name: expand(name, file, plan, where) for name in file.experiments if name in chosen
    }
    published = _published(file, folder, where)
    products = Products.read({name: getattr(file, name) for name in Products.model_fields}, where)
    namable = Known(experiments, list(file.experiments), published, folder)
    return Report(
        key=key,
        source=where,
        folder=None if plan.file is None else str(folder),
        title=file.title,
        channels=file.channels,
        datasets=plan.datasets,
        replicates=plan.replicates or replicates,
        replicates_in_a_job=in_a_job,
        draws=_draws(file, plan, experiments, where),
        experiments=experiments,
        tables=products.tables,
        figures=products.figures,
        claims=products.claims,
        published_runs=published,
        left_out=_check(products, namable, where),
    )


def _draws(
    file: ReportFile, plan: ReportPlan, experiments: Mapping[str, Experiment], where: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the draws of the experiments, by data set and key; each changes the report's own."""
    known = {OWN_DRAW: {}, **{name: draw.given() for name, draw in file.draws.items()}}
    for name, experiment in experiments.items():
        if experiment.draw not in known:
            raise ConfigurationError(
                f"{where}: experiments.{name}.draw: {unknown('draw', experiment.draw, known)}"
            )
    used = dict.fromkeys(experiment.draw for experiment in experiments.values())
    of_dataset = {name: draw.given() for name, draw in file.draw_by_dataset.items()}
    found = {}
    named = [e.dataset for e in experiments.values() if e.dataset is not None]
    for dataset in dict.fromkeys([*plan.datasets, *named, *of_dataset]):
        own = {**file.draw.given(), **of_dataset.get(dataset, {}), **plan.draw.given()}
        found[dataset] = {draw: {**own, **known[draw]} for draw in used}
    return found


def _published(file: ReportFile, folder: Path, where: str) -> dict[str, PublishedRun]:
    """Return the published runs of a report, once their files were checked."""
    for name, run in file.published_runs.items():
        place = f"{where}: published_runs.{name}"
        if name not in file.experiments:
            raise ConfigurationError(f"{place}: {unknown('experiment', name, file.experiments)}")
        try:
            run.check(folder)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: {error}") from error
    return file.published_runs


def _check(products: Products, known: Known, where: str) -> dict[str, list[str]]:
    """Check every table, figure and claim; return those that lack an experiment, and which."""
    left_out = {}
    for section, specs in products:
        for name, spec in specs.items():
            try:
                spec.check_published(known)
                missing = known.missing(spec.needs)
                if missing:
                    left_out[f"{section}.{name}"] = missing
                else:
                    spec.check(known)
            except ConfigurationError as error:
                raise ConfigurationError(f"{where}: {section}.{name}: {error}") from error
    return left_out
