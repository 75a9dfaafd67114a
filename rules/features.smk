# The 561 features of a window: computed from the signals, and the data set's own beside them.


rule compute_features:
    input:
        sequences="results/datasets/{dataset}/sequences.parquet",
        shipped=INPUTS.shipped_features,
    output:
        features="results/datasets/{dataset}/computed_features.parquet",
        map="results/datasets/{dataset}/feature_map.parquet",
    log:
        "results/logs/features/{dataset}.log",
    params:
        code=code_of("compute_features.py"),
    message:
        "Computing the 561 features of {wildcards.dataset}."
    script:
        "../workflow/scripts/compute_features.py"


rule read_shipped_features:
    input:
        raw="results/datasets/{dataset}/raw",
        sequences="results/datasets/{dataset}/sequences.parquet",
    output:
        features="results/datasets/{dataset}/shipped_features.parquet",
    log:
        "results/logs/shipped_features/{dataset}.log",
    params:
        code=code_of("read_shipped_features.py"),
        path=INPUTS.features_path,
    message:
        "Reading the features that {wildcards.dataset} ships."
    script:
        "../workflow/scripts/read_shipped_features.py"


rule compare_features:
    input:
        map="results/datasets/{dataset}/feature_map.parquet",
        computed="results/datasets/{dataset}/computed_features.parquet",
        shipped="results/datasets/{dataset}/shipped_features.parquet",
    output:
        csv="results/datasets/{dataset}/features/correlation.csv",
        md="results/datasets/{dataset}/features/correlation.md",
        tex="results/datasets/{dataset}/features/correlation.tex",
        svg=report(
            "results/datasets/{dataset}/features/correlation.svg",
            caption="../workflow/report/features.rst",
            category="Data sets",
            labels=LABELS.data("Computed features against shipped ones"),
        ),
        png="results/datasets/{dataset}/features/correlation.png",
    log:
        "results/logs/compare_features/{dataset}.log",
    params:
        code=code_of("compare_features.py"),
    message:
        "Comparing computed and shipped features of {wildcards.dataset}."
    script:
        "../workflow/scripts/compare_features.py"
