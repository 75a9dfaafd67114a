# One page with everything, which opens offline.


rule build_page:
    input:
        tables=TARGETS.tables(),
        figures=TARGETS.figures(),
        claims=TARGETS.claims(),
        previews=TARGETS.previews(),
        comparisons=TARGETS.comparisons(),
        cards=TARGETS.cards(),
        runs=TARGETS.run_records(),
        live=MODELS.live_pages(),
        recordings=MODELS.recordings(),
    output:
        page=f"results/{PROJECT.name}.html",
    log:
        f"results/logs/{PROJECT.name}.log",
    params:
        code=code_of("build_page.py"),
        name=PROJECT.name,
        sections=page_sections(PIPELINE),
        datasets=list(PIPELINE.datasets),
        compared=TARGETS.compared_datasets(),
        recordings=list(PROJECT.afternoons),
        live=list(PROJECT.live),
    message:
        "Writing the page {output.page}."
    script:
        "../workflow/scripts/build_page.py"


rule write_provenance:
    input:
        page=f"results/{PROJECT.name}.html",
        tables=TARGETS.tables(),
        figures=TARGETS.figures(),
        claims=TARGETS.claims(),
        previews=TARGETS.previews(),
        comparisons=TARGETS.comparisons(),
        data=TARGETS.data_tables(),
        cards=TARGETS.cards(),
        runs=TARGETS.run_records(),
        models=MODELS.folders(),
        live=MODELS.live_pages(),
        recordings=MODELS.recordings(),
    output:
        record=f"results/{PROJECT.name}.provenance.json",
    log:
        f"results/logs/{PROJECT.name}.provenance.log",
    params:
        code=code_of("write_provenance.py"),
        sections=recorded_sections(PIPELINE),
        datasets=recorded_datasets(PIPELINE),
    message:
        "Recording what everything was made of in {output.record}."
    script:
        "../workflow/scripts/write_provenance.py"


# Each project has a record of its own; this page describes the one built last. It is a separate
# rule so that rebuilding one project does not rewrite another's record.
rule describe_provenance:
    input:
        record=f"results/{PROJECT.name}.provenance.json",
    output:
        page="results/provenance.md",
    log:
        "results/logs/provenance.log",
    params:
        code=code_of("describe_provenance.py"),
    message:
        "Writing {output.page} of {input.record}."
    script:
        "../workflow/scripts/describe_provenance.py"
