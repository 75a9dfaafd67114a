# Tables and the claims ledger, from the files that training wrote.


rule build_table:
    input:
        runs=run_files("tables"),
        sequences=sequences_of_subjects,
    output:
        csv="results/{report}/{dataset}/tables/{name}.csv",
        md="results/{report}/{dataset}/tables/{name}.md",
        tex="results/{report}/{dataset}/tables/{name}.tex",
    log:
        "results/logs/{report}/{dataset}/tables/{name}.log",
    params:
        code=code("harmodels.reporting.tables"),
        published=published_by,
        spec=lambda wildcards: PROJECT.reports[wildcards.report].tables[wildcards.name],
        folders=folders_of("tables"),
    message:
        "Building table {wildcards.name} of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/build_table.py"


rule judge_claims:
    input:
        runs=claim_files,
    output:
        csv="results/{report}/{dataset}/claims.csv",
        md="results/{report}/{dataset}/claims.md",
    log:
        "results/logs/{report}/{dataset}/claims.log",
    params:
        code=code("harmodels.reporting.claims"),
        specs=claim_specs,
        folders=claim_folders,
    message:
        "Judging the claims of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/judge_claims.py"
