"""Export a finished run as a folder that carries what is needed to use it."""

from pathlib import Path

from harmodels.config.project import ModelPlan
from harmodels.data.registry import load_registries, registry_files
from harmodels.data.splits import Draw
from harmodels.pipeline.export_model import ModelSource, export_model
from harmodels.runtime.script import script_job

with script_job(snakemake, f"model {snakemake.wildcards.model}"):
    plan = ModelPlan.read(snakemake.params.plan)
    dataset = load_registries(registry_files(snakemake.params.registries))[plan.dataset]
    source = ModelSource(
        plan=plan,
        folders=[Path(folder) for folder in snakemake.params.folders],
        dataset=dataset,
        sequences=Path(snakemake.input.sequences),
        draw=Draw(**snakemake.params.draw),
        feature_map=Path(snakemake.input.map) if snakemake.input.map else None,
    )
    export_model(source, Path(snakemake.output.folder))
