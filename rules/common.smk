# The configuration, read and checked once, and the functions that give rules their inputs.
# No rule stands here.
import hashlib
import os
from functools import cache
from pathlib import Path

import grimp
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from harmodels.config.project import DEVICE, parse_project
from harmodels.data.hands import GROUP, fingers_of
from harmodels.data.registry import get, load_registry
from harmodels.errors import HarmodelsError
from harmodels.files import why_unwritable
from harmodels.reporting.specs import experiments_of, needs_subjects, published_of

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

# a warning, since a dry run may look at results that it must not write
if why_unwritable(Path.cwd()):
    logger.warning(f"harmodels: {why_unwritable(Path.cwd())}")

# jobs take over the device that was decided here: a cluster's node would decide by its own hardware
os.environ[DEVICE] = PROJECT.device

SIMULATED = sorted(name for name, dataset in DATASETS.items() if dataset.simulated)
RECORDED = sorted(set(DATASETS) - set(SIMULATED))


def any_of(names):
    """Return a wildcard constraint that matches just these names."""
    return "|".join(names) or "nothing^"


wildcard_constraints:
    report=any_of(PROJECT.reports),
    dataset=any_of(DATASETS),
    experiment="[a-z][a-z0-9_]*",
    configuration="[A-Za-z0-9_.+=-]+",
    name="[a-z][a-z0-9_]*",


@cache
def import_graph():
    return grimp.build_graph("harmodels", cache_dir=None)


@cache
def code(module):
    """Return a digest of the source files that `module` runs; as a parameter it reruns the rule.

    Imports are followed, so a changed figure retrains nothing and a changed layer retrains. A
    digest, not the files as inputs: moving the checkout or touching a file changes nothing.
    """
    graph = import_graph()
    digest = hashlib.sha256()
    for name in sorted({module} | graph.find_upstream_modules(module)):
        path = ROOT / "src" / Path(*name.split("."))
        package = path / "__init__.py"
        digest.update(name.encode())
        digest.update(
            (package if package.exists() else path.with_suffix(".py")).read_bytes()
        )
    return digest.hexdigest()[:16]


def training_code(wildcards):
    """Return a digest of the code that one training runs; a learner is loaded by its name."""
    experiment = PROJECT.reports[wildcards.report].experiments[wildcards.experiment]
    if experiment.training == "baseline":
        return code("harmodels.training.jobs.run")
    learner = f"harmodels.training.learners.{experiment.training}"
    return code("harmodels.training.jobs.run") + code(learner)


def page_templates():
    """Return a digest of the page's templates, which no import shows."""
    digest = hashlib.sha256()
    folder = ROOT / "src" / "harmodels" / "reporting" / "page"
    for path in sorted(folder.glob("*.j2")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def entry_of(wildcards):
    """Return the registry's entry as text: a changed entry reruns what it decides."""
    return repr(DATASETS[wildcards.dataset])


def archive_of(wildcards):
    return f"{PROJECT.downloads}/{wildcards.dataset}/{DATASETS[wildcards.dataset].archive.file}"


def table_read_by(wildcards):
    """Return the table of the data set that an experiment reads."""
    reads = PROJECT.reports[wildcards.report].experiments[wildcards.experiment].reads
    return f"results/datasets/{wildcards.dataset}/{reads}.parquet"


def ships_features(dataset):
    return DATASETS[dataset].format == "uci_har" and not DATASETS[dataset].simulated


def shipped_features(wildcards):
    """Return the features that a data set ships, if it does; the computed ones are fitted to them."""
    if not ships_features(wildcards.dataset):
        return []
    return f"results/datasets/{wildcards.dataset}/shipped_features.parquet"


def job_of(wildcards):
    """Return what a training job is to do, as the keyword arguments of training.job.Job."""
    plan = PROJECT.reports[wildcards.report]
    experiment = plan.experiments[wildcards.experiment]
    configuration = experiment.configurations[wildcards.configuration]
    dataset = DATASETS[wildcards.dataset]
    return {
        "report": plan.key,
        "dataset": wildcards.dataset,
        "experiment": wildcards.experiment,
        "name": configuration.name,
        "configuration": configuration.values,
        "options": configuration.options,
        "training": experiment.training,
        "channels": (
            list(dataset.channel_group(plan.channels)) if plan.channels else None
        ),
        "fingers": fingers_of(dataset) if plan.channels == GROUP else None,
        "validation": experiment.validation,
        "seed": PROJECT.seed,
        "replicates": plan.replicates,
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


def folders_of(section):
    """Return an input function: the folders of the runs that one table or figure is made of."""

    def folders(wildcards):
        plan = PROJECT.reports[wildcards.report]
        spec = getattr(plan, section)[wildcards.name]
        return run_folders(plan.key, wildcards.dataset, experiments_of(spec))

    return folders


def run_files(section):
    """Return an input function: the files of the runs that one table or figure is made of."""
    folders = folders_of(section)
    return lambda wildcards: files_in(folders(wildcards))


def files_in(folders):
    return [f"{folder}/{file}" for folder in folders for file in RUN_FILES]


def published_by(wildcards):
    """Return the files of published numbers that a table is set beside, with their digests.

    Not as inputs, which would tie the table to the path of the checkout.
    """
    spec = PROJECT.reports[wildcards.report].tables[wildcards.name]
    folder = ROOT / "config" / "published"
    return {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest()[:16]
        for file in published_of(spec)
    }


def sequences_of_subjects(wildcards):
    """Return the sequences where a table tells people apart; predictions hold only ids."""
    if not needs_subjects(PROJECT.reports[wildcards.report].tables[wildcards.name]):
        return []
    return f"results/datasets/{wildcards.dataset}/sequences.parquet"


def claim_specs(wildcards):
    plan = PROJECT.reports[wildcards.report]
    return {name: plan.claims[name] for name in buildable(plan, "claims")}


def claim_folders(wildcards):
    plan = PROJECT.reports[wildcards.report]
    specs = claim_specs(wildcards).values()
    experiments = dict.fromkeys(name for spec in specs for name in experiments_of(spec))
    return run_folders(plan.key, wildcards.dataset, experiments)


def claim_files(wildcards):
    return files_in(claim_folders(wildcards))


def buildable(plan, section):
    """Return the names of a section whose experiments are all part of this project."""
    specs = getattr(plan, section)
    return [
        n
        for n, spec in specs.items()
        if set(experiments_of(spec)) <= set(plan.experiments)
    ]


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
    return [
        f"results/datasets/{name}/preview.{e}"
        for name in DATASETS
        for e in ("svg", "png")
    ]


def all_run_records():
    """Return every run.json, which the page tells how its numbers came to be."""
    return [f"{f}/run.json" for section in page_sections() for f in section["runs"]]


def page_sections():
    """Return what the page shows of each report and data set."""
    return [
        {
            "report": plan.key,
            "dataset": dataset,
            "spec": {
                "title": plan.title,
                "experiments": {
                    n: {"title": e.title} for n, e in plan.experiments.items()
                },
                **{
                    section: {
                        n: getattr(plan, section)[n] for n in buildable(plan, section)
                    }
                    for section in ("tables", "figures", "claims")
                },
            },
            "folder": f"results/{plan.key}/{dataset}",
            "runs": run_folders(plan.key, dataset, plan.experiments),
        }
        for plan in PROJECT.reports.values()
        for dataset in plan.datasets
    ]


def compared_datasets():
    """Return the data sets that ship features and of which a report reads features."""
    return sorted(
        {
            dataset
            for plan in PROJECT.reports.values()
            for dataset in plan.datasets
            if ships_features(dataset)
            and any(
                experiment.reads != "sequences"
                for experiment in plan.experiments.values()
            )
        }
    )


def all_comparisons():
    return [
        f"results/datasets/{dataset}/features/correlation.{ending}"
        for dataset in compared_datasets()
        for ending in ("csv", "md", "tex", "svg", "png")
    ]


def data_tables_of(dataset):
    """Return the names of the tables of a data set that runs read or tables are made of."""
    names = {
        experiment.reads
        for plan in PROJECT.reports.values()
        if dataset in plan.datasets
        for experiment in plan.experiments.values()
    }
    if dataset in compared_datasets():
        names |= {"computed_features", "shipped_features"}
    return [f"{name}.parquet" for name in sorted({"sequences", *names})]


def all_data_tables():
    """Return every table that runs read, and who trains and tests on it."""
    return [
        f"results/datasets/{dataset}/{file}"
        for dataset in DATASETS
        for file in data_tables_of(dataset)
    ] + [
        f"results/{plan.key}/{dataset}/splits.parquet"
        for plan in PROJECT.reports.values()
        for dataset in plan.datasets
    ]


def recorded_sections():
    """Return what the page shows, and which table of the data set each experiment reads."""
    return [
        section
        | {
            "reads": {
                name: experiment.reads
                for name, experiment in PROJECT.reports[
                    section["report"]
                ].experiments.items()
            }
        }
        for section in page_sections()
    ]


def recorded_archive(dataset):
    """Return where the archive of a data set lies under the results, and its known hashes."""
    archive, downloads = DATASETS[dataset].archive, Path(PROJECT.downloads)
    if archive is None or downloads.parts[:1] != ("results",):
        return None
    path = downloads.relative_to("results") / dataset / archive.file
    return {
        "path": path.as_posix(),
        "known": list(archive.sha256),
        "members": bool(archive.checksums),
    }


def recorded_datasets():
    """Return the files of each data set that the record of provenance names."""
    return {
        name: {
            "tables": data_tables_of(name),
            "files": [
                "card.json",
                "preview.svg",
                "preview.png",
                *(
                    f"features/correlation.{ending}"
                    for ending in ("csv", "md", "tex", "svg", "png")
                    if name in compared_datasets()
                ),
            ],
            "archive": recorded_archive(name),
        }
        for name in DATASETS
    }
