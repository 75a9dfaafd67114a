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
        code=code("harmodels.reporting.pages"),
        templates=page_templates(),
        sections=page_sections(),
        datasets=list(DATASETS),
        compared=compared_datasets(),
    message:
        "Writing the page {output.page}."
    script:
        "../workflow/scripts/build_page.py"
