# One page with everything, which opens offline.


rule build_page:
    input:
        tables=all_tables(),
        figures=all_figures(),
        claims=all_claims(),
        previews=all_previews(),
        comparisons=all_comparisons(),
        cards=expand("results/datasets/{dataset}/card.json", dataset=DATASETS),
        runs=all_run_records(),
    output:
        page=f"results/{PROJECT.name}.html",
    log:
        f"results/logs/{PROJECT.name}.log",
    params:
        code=code("harmodels.reporting.page.build"),
        templates=page_templates(),
        sections=page_sections(),
        datasets=list(DATASETS),
        compared=compared_datasets(),
    message:
        "Writing the page {output.page}."
    script:
        "../workflow/scripts/build_page.py"


rule write_provenance:
    input:
        page=f"results/{PROJECT.name}.html",
        tables=all_tables(),
        figures=all_figures(),
        claims=all_claims(),
        previews=all_previews(),
        comparisons=all_comparisons(),
        data=all_data_tables(),
        cards=expand("results/datasets/{dataset}/card.json", dataset=DATASETS),
        runs=all_run_records(),
    output:
        record=f"results/{PROJECT.name}.provenance.json",
    log:
        f"results/logs/{PROJECT.name}.provenance.log",
    params:
        code=code("harmodels.provenance.build"),
        sections=recorded_sections(),
        datasets=recorded_datasets(),
    message:
        "Recording what everything was made of in {output.record}."
    script:
        "../workflow/scripts/write_provenance.py"


# Projects that share a folder have a record each and this page of the one built last: apart from
# the record, so that building one after the other writes a page anew and no record.
rule describe_provenance:
    input:
        record=f"results/{PROJECT.name}.provenance.json",
    output:
        page="results/provenance.md",
    log:
        "results/logs/provenance.log",
    params:
        code=code("harmodels.provenance.text"),
    message:
        "Writing {output.page} of {input.record}."
    script:
        "../workflow/scripts/describe_provenance.py"
