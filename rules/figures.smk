# Figures, from the files that training wrote: a changed figure retrains nothing.


rule draw_figure:
    input:
        runs=INPUTS.run_files("figures"),
        sequences=INPUTS.sequences_of_subjects("figures"),
    output:
        svg=report(
            "results/{report}/{dataset}/figures/{name}.svg",
            caption="../workflow/report/figure.rst",
            category=LABELS.category,
            subcategory="Figures",
            labels=LABELS.entry("figures"),
        ),
        png="results/{report}/{dataset}/figures/{name}.png",
    log:
        "results/logs/{report}/{dataset}/figures/{name}.log",
    params:
        code=code_of("draw_figure.py"),
        spec=INPUTS.spec("figures"),
        published_runs=INPUTS.published_runs("figures"),
        folders=INPUTS.run_folders("figures"),
    message:
        "Drawing {wildcards.name} of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/draw_figure.py"
