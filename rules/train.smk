# One job a configuration; it trains all replicates at once and writes four files.


rule train_network:
    input:
        sequences=table_read_by,
        splits="results/{report}/{dataset}/splits.parquet",
    output:
        history="results/{report}/{dataset}/runs/{experiment}/{configuration}/history.parquet",
        predictions="results/{report}/{dataset}/runs/{experiment}/{configuration}/predictions.parquet",
        weights="results/{report}/{dataset}/runs/{experiment}/{configuration}/weights.safetensors",
        run="results/{report}/{dataset}/runs/{experiment}/{configuration}/run.json",
    log:
        "results/logs/{report}/{dataset}/train/{experiment}/{configuration}.log",
    benchmark:
        "results/logs/{report}/{dataset}/train/{experiment}/{configuration}.jsonl"
    threads: PROJECT.threads
    resources:
        gpu=1 if PROJECT.device == "cuda" else 0,
        mem_mb=PROJECT.mem_mb,
        runtime=PROJECT.runtime,
        # how, not what: a parameter would retrain where it changes
        checkpoint_s=PROJECT.checkpoint_every_s,
    params:
        code=training_code,
        job=job_of,
        # no output: it outlives a failed job, so that the next attempt goes on from it
        checkpoints="results/checkpoints/{report}/{dataset}/{experiment}/{configuration}",
    message:
        "Training {wildcards.report} on {wildcards.dataset}: {wildcards.experiment}, {wildcards.configuration}."
    script:
        "../workflow/scripts/train_network.py"
