# Tables and the claims ledger, from the files that training wrote.


rule build_table:
    input:
        runs=INPUTS.run_files("tables"),
        sequences=INPUTS.sequences_of_subjects("tables"),
    output:
        csv=report(
            "results/{report}/{dataset}/tables/{name}.csv",
            caption="../workflow/report/table.rst",
            category=LABELS.category,
            subcategory="Tables",
            labels=LABELS.entry("tables"),
        ),
        md="results/{report}/{dataset}/tables/{name}.md",
        tex="results/{report}/{dataset}/tables/{name}.tex",
    log:
        "results/logs/{report}/{dataset}/tables/{name}.log",
    params:
        code=code_of("build_table.py"),
        published=INPUTS.published,
        published_runs=INPUTS.published_runs("tables"),
        spec=INPUTS.spec("tables"),
        folders=INPUTS.run_folders("tables"),
    message:
        "Building table {wildcards.name} of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/build_table.py"


rule judge_claims:
    input:
        runs=INPUTS.run_files("claims"),
        sequences=INPUTS.sequences_of_subjects("claims"),
    output:
        csv=report(
            "results/{report}/{dataset}/claims.csv",
            caption="../workflow/report/claims.rst",
            category=LABELS.category,
            subcategory="Claims",
            labels={"ledger": "Claims, judged over replicates"},
        ),
        md="results/{report}/{dataset}/claims.md",
    log:
        "results/logs/{report}/{dataset}/claims.log",
    params:
        code=code_of("judge_claims.py"),
        specs=INPUTS.claims,
        families=INPUTS.families,
        published_runs=INPUTS.published_runs("claims"),
        folders=INPUTS.run_folders("claims"),
    message:
        "Judging the claims of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/judge_claims.py"
