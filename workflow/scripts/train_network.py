"""Train all replicates of one configuration."""

from pathlib import Path

from harmodels.assets import root
from harmodels.config.devices import engine_on
from harmodels.runtime.script import script_job
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.run import CheckpointPolicy, run_job

settings = {**snakemake.params.job, "device": snakemake.resources.device}
settings["engine"] = engine_on(settings["engine"], settings["device"])
if settings["channels"] is not None:
    settings["channels"] = tuple(settings["channels"])
job = Job(**settings)

with script_job(snakemake, f"{job.report}/{job.dataset}/{job.experiment}/{job.name}"):
    run_job(
        job,
        sequences_path=snakemake.input.sequences,
        splits_path=snakemake.input.splits,
        folder=Path(snakemake.output.run).parent,
        repository=root(),
        threads=snakemake.threads,
        policy=CheckpointPolicy(
            folder=Path(snakemake.params.checkpoints),
            every_s=snakemake.resources.checkpoint_s,
            code=snakemake.params.code,
        ),
    )
