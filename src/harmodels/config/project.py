"""The project file: which reports, data sets and configurations one call of snakemake builds."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field

from harmodels.config.base import (
    Distinct,
    Key,
    Matching,
    Number,
    Record,
    Several,
    Text,
    key,
    one_as_list,
    wrong,
)
from harmodels.config.report_file import ReportPlan
from harmodels.errors import ConfigurationError
from harmodels.messages import shown

BEST = "best"
SlurmName = Annotated[str, Matching(r"[A-Za-z0-9_.@,+-]+", "a name as Slurm knows it")]


def _check_folder(folder: str) -> str:
    """Refuse a folder that is not where it seems to be."""
    remedy = "give a folder under the working directory, or an absolute path"
    if folder.startswith("~"):
        raise wrong(f"{shown(folder)}: ~ is not expanded; {remedy}")
    if ".." in PurePosixPath(folder).parts:
        raise wrong(f"{shown(folder)} leads out of its folder; {remedy}")
    return str(PurePosixPath(folder))


class Resources(Record):
    """What a training job asks of a cluster; null leaves a choice to the cluster."""

    threads: int = key(1, "Threads of one training job; replicates are spread over them.", ge=1)
    mem_mb: int = key(
        4000,
        "Memory of one training job in MB; each further attempt asks for that much more.",
        ge=100,
    )
    runtime: int = key(
        60,
        "Time limit of one attempt in minutes; the next attempt resumes from the last checkpoint.",
        ge=1,
    )
    gpus: int | None = key(
        None,
        "GPUs of one training job, which uses one; null asks for one where the job computes on "
        "CUDA and for none on the processor. Baselines ask for none.",
        ge=0,
    )
    gpu_model: Annotated[str, Matching("[A-Za-z0-9_.]+", "a model as Slurm knows it")] | None = key(
        None, "Model of the GPU, as the cluster calls it."
    )
    gres: (
        Annotated[
            str,
            Matching(
                r"[A-Za-z0-9_]+(:[A-Za-z0-9_.]+)?(:[0-9]+[TGM]?)?",
                "a generic resource such as gpu:1",
            ),
        ]
        | None
    ) = key(
        None,
        "Generic resource instead of gpus and gpu_model, where a site wants it: gpu:1 or "
        "gpu:a100:1.",
    )
    partition: SlurmName | None = key(None, "Slurm partition; null takes the cluster's default.")
    account: SlurmName | None = key(None, "Account that is charged.")
    qos: SlurmName | None = key(None, "Quality of service.")
    constraint: (
        Annotated[str, Matching(r"[A-Za-z0-9_.|&*()\[\]:,+-]+", "features joined by & or |")] | None
    ) = key(None, "Features that the node must have, for example a100|h100.")
    extra: (
        Annotated[
            str,
            Matching(
                r"[A-Za-z0-9_.,:=/@%+*\[\] -]*",
                "options without quotes, line ends and other signs of the shell, which would run "
                "them",
            ),
        ]
        | None
    ) = key(
        None,
        "Further options of sbatch, as they are; those that the keys above set are refused.",
    )

    def on(self, device: str) -> Self:
        """Return what a job on a GPU asks for, or all jobs of a run without one.

        `device` is that of the run, `auto` where some jobs are on a GPU. Raises ConfigurationError
        if keys clash.
        """
        twice = [name for name in ("gpus", "gpu_model") if getattr(self, name) is not None]
        if self.gres is not None and twice:
            raise ConfigurationError(
                f"resources: gres replaces gpus and gpu_model; remove {twice[0]}"
            )
        gpus = self.gpus
        if gpus is None:
            gpus = 1 if device != "cpu" and self.gres is None else 0
        if self.gpu_model is not None and gpus == 0:
            raise ConfigurationError(
                f"resources.gpu_model: {self.gpu_model!r} is asked for, but no GPU; "
                "set device: cuda or resources.gpus"
            )
        return self.replaced(gpus=gpus)


class ModelPlan(Record):
    """Networks that are exported to results/models/<name>, with all that is needed to use them."""

    report: str = key(..., "Key of reports.")
    dataset: str = key(..., "One of the report's data sets.")
    experiment: str = key(..., "One of the report's experiments that trains networks.")
    configuration: str = key(
        BEST,
        "A configuration of the experiment, or best: the one with the highest validation accuracy.",
    )
    checkpoint: Literal["last", "best"] = key(
        "last", "The weights after the last epoch, or those of the lowest validation loss."
    )
    replicates: Distinct[Annotated[int, Field(ge=0)]] = key(
        (),
        "Networks whose probabilities are averaged; by default all that did not diverge.",
    )

    @property
    def chosen(self) -> bool:
        """Whether validation data choose the configuration."""
        return self.configuration == BEST


class AfternoonPlan(Record):
    """A recording of one person that is simulated and classified by a model."""

    model: str = key(..., "Key of models.")
    minutes: Number = key(60, "Length of the recording.", gt=0, le=1440)
    seed: int = key(1, "Seed of the person and of the activities.", ge=0)


class ReportEntry(ReportPlan):
    """What is built of a report, of the package or of a file of one's own."""

    file: Text | None = key(
        None,
        "A report of your own, written as those in config/reports; path from the working "
        "directory. Published files that it names lie beside it. Without it the report is "
        "config/reports/<key>.yaml of the package.",
    )


class ProjectFile(Record):
    """What one call builds: `config/config.yaml`, `config/demo.yaml`, your own."""

    name: Annotated[
        str, Matching("[A-Za-z0-9_-]+", "letters, digits, _ and -: it names a file", 100)
    ] = key(
        "report",
        "The page with everything is results/<name>.html, and bears the name where nothing "
        "published is shown beside its numbers.",
    )
    reports: dict[
        Annotated[
            str,
            Matching(
                "[A-Za-z0-9][A-Za-z0-9_-]*",
                "the name of a file in config/reports without its ending, or of a folder of "
                "results",
                100,
            ),
        ],
        ReportEntry,
    ] = key(
        ...,
        "Which reports (config/reports/<key>.yaml, or `file`) are built on which data sets.",
        min_length=1,
    )
    replicates: int = key(5, "Networks per configuration that differ only in seed.", ge=1, le=4096)
    replicates_in_a_job: int = key(
        5,
        "Replicates that one job trains, side by side. A configuration of more is trained in "
        "blocks of so many, and further replicates cost only further blocks.",
        ge=1,
        le=4096,
    )
    seed: int = key(1, "Base seed of draws, splits, weights and orders.", ge=0)
    engine: Literal["auto", "reference", "compiled"] = key(
        "auto",
        "reference is the readable loop on tensors, compiled the numba loop (CPU only); auto takes "
        "compiled on a CPU.",
    )
    device: Literal["auto", "cpu", "cuda"] = key(
        "auto",
        "Where networks are trained. auto takes cuda for those that are expected to be faster on "
        "it (docs/gpu.md), if the installed torch can use a GPU where the run is planned, and cpu "
        "for the others. A changed device retrains nothing.",
    )
    mirror: str | None = key(
        None,
        "A folder or an http(s) address tried before the official ones; the environment variable "
        "HARMODELS_MIRROR goes before it.",
    )
    downloads: Annotated[
        str,
        Matching(r"[^\x00-\x1f{}]+", "the path of a folder, without braces and line ends", 1000),
        AfterValidator(_check_folder),
    ] = key(
        "results/downloads",
        "Where archives are kept: a folder under the working directory, or an absolute path.",
    )
    registry: Annotated[Several[str], BeforeValidator(one_as_list)] = key(
        (),
        "Further registries of data sets, with entries as in config/datasets.yaml; paths from the "
        "working directory. What an entry names lies beside its registry.",
    )
    models: dict[Key, ModelPlan] = key(
        {},
        "Networks that are exported to results/models/<name>, with all that is needed to use them.",
    )
    afternoons: dict[Key, AfternoonPlan] = key(
        {},
        "Recordings of one person that are simulated and classified by a model of simulated data; "
        "the page shows them beside the truth.",
    )
    live: Distinct[str] = key(
        (),
        "Keys of models that get a page, results/live/<name>.html, which runs the model in a "
        "browser.",
    )
    checkpoint_every_s: int = key(
        15,
        "Seconds between two checkpoints of a training job, at least; 0 writes one after every "
        "epoch. An interrupted job resumes from its last one.",
        ge=0,
    )
    resources: Resources = key(Resources(), "What a training job asks of a cluster.")
