# Figures, from the files that training wrote: a changed figure retrains nothing.


rule draw_figure:
    input:
        runs=run_files("figures"),
    output:
        svg=report(
            "results/{report}/{dataset}/figures/{name}.svg",
            caption="../workflow/report/figure.rst",
            category="{report} on {dataset}",
        ),
        png="results/{report}/{dataset}/figures/{name}.png",
    log:
        "results/logs/{report}/{dataset}/figures/{name}.log",
    params:
        code=code("harmodels.reporting.figures"),
        spec=lambda wildcards: PROJECT.reports[wildcards.report].figures[wildcards.name],
        folders=folders_of("figures"),
    message:
        "Drawing {wildcards.name} of {wildcards.report} on {wildcards.dataset}."
    script:
        "../workflow/scripts/draw_figure.py"
