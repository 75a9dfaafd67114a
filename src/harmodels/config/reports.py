"""Reports as a project builds them: files read, grids expanded, products checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.experiments import OWN_DRAW, Experiment, check_replaced, expand
from harmodels.config.messages import nearest, unknown
from harmodels.config.report_file import ReportFile, ReportPlan
from harmodels.config.specs import (
    ClaimSpec,
    parse_claim,
    parse_figure,
    parse_table,
    published_runs_in,
)
from harmodels.config.specs.checks import check_names, missing_experiments
from harmodels.config.specs.published import check_published_run
from harmodels.config.specs.verdicts import refuse_typed_verdict
from harmodels.config.yaml_files import read_yaml, refuse_oversized
from harmodels.errors import ConfigurationError


@dataclass(frozen=True)
class Report:
    """A report on its data sets, with experiments, tables, figures, claims and published runs.

    `tables`, `figures` and `claims` are the entries as written, once they were checked; those in
    `left_out` (by section and name) need experiments that the project does not build. `draws` are
    those of its experiments, by data set and key, of every data set that the project or the
    report's file names.
    """

    key: str
    title: str
    channels: str | None
    datasets: tuple[str, ...]
    replicates: int
    replicates_in_a_job: int
    draws: dict[str, dict[str, dict[str, Any]]]
    experiments: dict[str, Experiment]
    tables: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    claims: dict[str, dict[str, Any]]
    published_runs: dict[str, dict[str, Any]]
    left_out: dict[str, list[str]]


def parse_report(key: str, plan: ReportPlan, root: Path, replicates: int, in_a_job: int) -> Report:
    """Read the file of a report, expand its grids and check what is made of its runs.

    `replicates` and `in_a_job` are the project's; the plan may replace the first. Raises
    ConfigurationError naming file, key and value.
    """
    path = root / "config" / "reports" / f"{key}.yaml"
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise ConfigurationError(f"reports: {unknown('report', key, known)}")
    content = read_yaml(path)
    where = f"config/reports/{key}.yaml"
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
    return Report(
        key=key,
        title=file.title,
        channels=file.channels,
        datasets=plan.datasets,
        replicates=plan.replicates or replicates,
        replicates_in_a_job=in_a_job,
        draws=_draws(file, plan, experiments, where),
        experiments=experiments,
        tables=file.tables,
        figures=file.figures,
        claims=file.claims,
        published_runs=_check_published(file, root / "config" / "published", where),
        left_out=_check_products(file, experiments, root, where),
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


def _check_published(file: ReportFile, folder: Path, where: str) -> dict[str, dict[str, Any]]:
    """Return the published runs of a report, once their files were checked."""
    published = {name: run.given() for name, run in file.published_runs.items()}
    for name, entry in published.items():
        place = f"{where}: published_runs.{name}"
        if name not in file.experiments:
            raise ConfigurationError(f"{place}: {unknown('experiment', name, file.experiments)}")
        try:
            check_published_run(entry, folder)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: {error}") from error
    return published


def _check_products(
    file: ReportFile, experiments: Mapping[str, Experiment], root: Path, where: str
) -> dict[str, list[str]]:
    """Check every table, figure and claim; return those that lack an experiment, and which."""
    left_out = {}
    folder, published = root / "config" / "published", file.published_runs
    for section, parse in (
        ("tables", parse_table),
        ("figures", parse_figure),
        ("claims", parse_claim),
    ):
        for name, entry in getattr(file, section).items():
            place = f"{where}: {section}.{name}"
            spec = parse(entry, place)
            try:
                missing = missing_experiments(spec, experiments, list(file.experiments))
                if missing:
                    left_out[f"{section}.{name}"] = missing
                else:
                    check_names(spec, experiments, folder)
                for known in published_runs_in(spec):
                    if known not in published:
                        raise ConfigurationError(
                            f"there is no entry {known!r} under published_runs"
                            f"{nearest(known, published)}"
                        )
                if isinstance(spec, ClaimSpec):
                    refuse_typed_verdict(
                        spec, {k: run.given() for k, run in published.items()}, folder
                    )
            except ConfigurationError as error:
                raise ConfigurationError(f"{place}: {error}") from error
    return left_out
