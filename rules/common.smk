# The configuration, read and checked once, and the functions that give rules their inputs.
# No rule stands here.
import os
from functools import cache
from pathlib import Path

import grimp
from snakemake.exceptions import WorkflowError

from harmodels.config.project import parse_project
from harmodels.data.registry import get, load_registry
from harmodels.errors import HarmodelsError
from harmodels.reporting.specs import experiments_of

ROOT = Path(workflow.basedir)

try:
    PROJECT = parse_project(config, ROOT)
    REGISTRY = load_registry(ROOT / "config" / "datasets.yaml")
    DATASETS = {
        name: get(REGISTRY, name)
        for plan in PROJECT.reports.values()
        for name in plan.datasets
    }
except HarmodelsError as error:
    raise WorkflowError(str(error)) from None

MIRROR = os.environ.get("HARMODELS_MIRROR") or PROJECT.mirror
SIMULATED = sorted(name for name, dataset in DATASETS.items() if dataset.simulated)
RECORDED = sorted(set(DATASETS) - set(SIMULATED))


def any_of(names):
    """Return a wildcard constraint that matches just these names."""
    return "|".join(names) or "nothing^"


wildcard_constraints:
    report=any_of(PROJECT.reports),
    dataset=any_of(DATASETS),
    experiment="[a-z][a-z0-9_]*",
    configuration="[A-Za-z0-9_.+=,-]+",
    name="[a-z][a-z0-9_]*",


@cache
def import_graph():
    return grimp.build_graph("harmodels", cache_dir=None)


@cache
def code(module):
    """Return the source files that `module` runs: a change in one of them reruns the rule.

    Imports are followed, so a changed figure retrains nothing and a changed layer retrains.
    """
    graph = import_graph()
    files = []
    for name in sorted({module} | graph.find_upstream_modules(module)):
        path = ROOT / "src" / Path(*name.split("."))
        package = path / "__init__.py"
        files.append(str(package if package.exists() else path.with_suffix(".py")))
    return files


def configuration_of(wildcards):
    experiments = PROJECT.reports[wildcards.report].experiments
    return experiments[wildcards.experiment].configurations[wildcards.configuration]


def job_of(wildcards):
    """Return what a training job is to do, as the keyword arguments of training.job.Job."""
    plan = PROJECT.reports[wildcards.report]
    configuration = configuration_of(wildcards)
    return {
        "report": plan.key,
        "dataset": wildcards.dataset,
        "experiment": wildcards.experiment,
        "name": configuration.name,
        "configuration": configuration.values,
        "options": configuration.options,
        "training": plan.training,
        "channels": list(DATASETS[wildcards.dataset].channel_group(plan.channels)),
        "validation": plan.experiments[wildcards.experiment].validation,
        "seed": PROJECT.seed,
        "replicates": PROJECT.replicates,
        "engine": PROJECT.engine,
        "device": PROJECT.device,
    }


RUN_FILES = ("history.parquet", "predictions.parquet", "run.json")


def run_folders(report, dataset, experiments):
    """Return the folders of all runs of these experiments."""
    return [
        f"results/{report}/{dataset}/runs/{name}/{configuration}"
        for name in experiments
        for configuration in PROJECT.reports[report].experiments[name].configurations
    ]


def run_files(section):
    """Return an input function: the files of the runs that one table, figure or claim needs."""

    def files(wildcards):
        plan = PROJECT.reports[wildcards.report]
        spec = getattr(plan, section)[wildcards.name]
        folders = run_folders(plan.key, wildcards.dataset, experiments_of(spec))
        return [f"{folder}/{file}" for folder in folders for file in RUN_FILES]

    return files


def buildable(plan, section):
    """Return the names of a section whose experiments are all part of this project."""
    specs = getattr(plan, section)
    return [n for n, spec in specs.items() if set(experiments_of(spec)) <= set(plan.experiments)]


def products(section, folder, endings):
    return [
        f"results/{plan.key}/{dataset}/{folder}/{name}.{ending}"
        for plan in PROJECT.reports.values()
        for dataset in plan.datasets
        for name in buildable(plan, section)
        for ending in endings
    ]


def all_tables():
    return products("tables", "tables", ("csv", "md", "tex"))


def all_figures():
    return products("figures", "figures", ("svg", "png"))


def all_claims():
    return [
        f"results/{plan.key}/{dataset}/claims.{ending}"
        for plan in PROJECT.reports.values()
        for dataset in plan.datasets
        if buildable(plan, "claims")
        for ending in ("csv", "md")
    ]


def all_previews():
    return [f"results/datasets/{name}/preview.{e}" for name in DATASETS for e in ("svg", "png")]
