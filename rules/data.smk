# From an archive to sequences and splits. No address is asked while the DAG is planned.


rule download_archive:
    output:
        archive=f"{PROJECT.downloads}/{{dataset}}/{{archive}}",
    log:
        "results/logs/download/{dataset}/{archive}.log",
    wildcard_constraints:
        dataset=pattern_of(PIPELINE.recorded),
        archive="[^/]+",
    retries: 1
    params:
        registries=PROJECT.registries,
    message:
        "Downloading {wildcards.archive} of {wildcards.dataset}."
    script:
        "../workflow/scripts/download_archive.py"


rule extract_archive:
    input:
        archive=INPUTS.archive,
    output:
        raw=temp(directory("results/datasets/{dataset}/raw")),
    log:
        "results/logs/extract/{dataset}.log",
    wildcard_constraints:
        dataset=pattern_of(PIPELINE.recorded),
    params:
        code=code_of("extract_archive.py"),
        entry=INPUTS.registry_entry,
        registries=PROJECT.registries,
    message:
        "Extracting {input.archive} and checking the hash of every member."
    script:
        "../workflow/scripts/extract_archive.py"


rule simulate_recordings:
    output:
        raw=temp(directory("results/datasets/{dataset}/raw")),
    log:
        "results/logs/simulate/{dataset}.log",
    wildcard_constraints:
        dataset=pattern_of(PIPELINE.simulated),
    params:
        code=code_of("simulate_recordings.py"),
        entry=INPUTS.registry_entry,
        registries=PROJECT.registries,
    message:
        "Simulating the recordings of {wildcards.dataset}."
    script:
        "../workflow/scripts/simulate_recordings.py"


# Files of a user's own count by their content alone: not when they were copied or touched, but also
# when an edit kept their date.
rule prepare_sequences:
    input:
        raw=INPUTS.raw,
        own=ancient(INPUTS.own_files),
    output:
        sequences="results/datasets/{dataset}/sequences.parquet",
        card="results/datasets/{dataset}/card.json",
    log:
        "results/logs/prepare/{dataset}.log",
    params:
        code=INPUTS.parser_code,
        entry=INPUTS.registry_entry,
        own=INPUTS.own_hashes,
        registries=PROJECT.registries,
    message:
        "Parsing the recordings of {wildcards.dataset}."
    script:
        "../workflow/scripts/prepare_sequences.py"


rule draw_preview:
    input:
        sequences="results/datasets/{dataset}/sequences.parquet",
        card="results/datasets/{dataset}/card.json",
    output:
        svg=report(
            "results/datasets/{dataset}/preview.svg",
            caption="../workflow/report/preview.rst",
            category="Data sets",
            labels=LABELS.data("Preview"),
        ),
        png="results/datasets/{dataset}/preview.png",
    log:
        "results/logs/preview/{dataset}.log",
    params:
        code=code_of("draw_preview.py"),
    message:
        "Drawing a preview of {wildcards.dataset}."
    script:
        "../workflow/scripts/draw_preview.py"


rule draw_splits:
    input:
        sequences="results/datasets/{dataset}/sequences.parquet",
    output:
        splits="results/{report}/{dataset}/splits/{draw}.parquet",
    log:
        "results/logs/{report}/{dataset}/splits/{draw}.log",
    params:
        code=code_of("draw_splits.py"),
        draw=INPUTS.draw,
        seed=PROJECT.seed,
    message:
        "Drawing training, validation and test sequences of {wildcards.dataset}: {wildcards.draw}."
    script:
        "../workflow/scripts/draw_splits.py"
