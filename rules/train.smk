# One job a part of a configuration: its replicates, trained side by side, or a block of them, or
# of leave-one-subject-out those of a fold. It writes four files.


rule train_network:
    input:
        sequences=INPUTS.table_to_read,
        splits=INPUTS.splits,
    output:
        history="results/{report}/{dataset}/runs/{experiment}/{configuration}/history.parquet",
        predictions="results/{report}/{dataset}/runs/{experiment}/{configuration}/predictions.parquet",
        weights="results/{report}/{dataset}/runs/{experiment}/{configuration}/weights.safetensors",
        run="results/{report}/{dataset}/runs/{experiment}/{configuration}/run.json",
    log:
        "results/logs/{report}/{dataset}/train/{experiment}/{configuration}.log",
    benchmark:
        "results/logs/{report}/{dataset}/train/{experiment}/{configuration}.jsonl"
    threads: PROJECT.resources.threads
    resources:
        gpu=INPUTS.of_gpu("gpus"),
        gpu_model=INPUTS.of_gpu("gpu_model"),
        gres=INPUTS.of_gpu("gres"),
        # retry with more memory a job that was killed for lack of it
        mem_mb=lambda wildcards, attempt: attempt * PROJECT.resources.mem_mb,
        runtime=PROJECT.resources.runtime,
        slurm_partition=PROJECT.resources.partition,
        slurm_account=PROJECT.resources.account,
        slurm_extra=PROJECT.resources.extra,
        qos=PROJECT.resources.qos,
        constraint=PROJECT.resources.constraint,
        # how, not what: a parameter would retrain where it changes
        checkpoint_s=PROJECT.checkpoint_every_s,
        device=INPUTS.device,
    params:
        code=INPUTS.training_code,
        job=INPUTS.job,
        # no output: it outlives a failed job, so that the next attempt resumes from it
        checkpoints="results/checkpoints/{report}/{dataset}/{experiment}/{configuration}",
    message:
        "Training {wildcards.report} on {wildcards.dataset}: {wildcards.experiment}, {wildcards.configuration}."
    script:
        "../workflow/scripts/train_network.py"
