# Models: exported with all that is needed to use them, and used on a recording.


rule export_model:
    input:
        runs=MODELS.run_files,
        sequences=MODELS.sequences,
        map=MODELS.feature_map,
    output:
        folder=directory("results/models/{model}"),
    log:
        "results/logs/models/{model}.log",
    params:
        code=MODELS.code("export_model.py"),
        plan=MODELS.plan,
        folders=MODELS.run_folders,
        draw=MODELS.draw,
        entry=MODELS.registry_entry,
        registries=PROJECT.registries,
    message:
        "Exporting the model {wildcards.model}."
    script:
        "../workflow/scripts/export_model.py"


rule simulate_afternoon:
    output:
        recording="results/recordings/{afternoon}/recording.csv",
        truth="results/recordings/{afternoon}/truth.csv",
    log:
        "results/logs/recordings/{afternoon}/simulate.log",
    params:
        code=code_of("simulate_afternoon.py"),
        afternoon=MODELS.afternoon,
    message:
        "Simulating the recording {wildcards.afternoon}."
    script:
        "../workflow/scripts/simulate_afternoon.py"


rule classify_recording:
    input:
        recording="results/recordings/{afternoon}/recording.csv",
        truth="results/recordings/{afternoon}/truth.csv",
        model=MODELS.folder_for_afternoon,
    output:
        activities="results/recordings/{afternoon}/activities.csv",
        timeline="results/recordings/{afternoon}/timeline.svg",
        summary="results/recordings/{afternoon}/summary.txt",
    log:
        "results/logs/recordings/{afternoon}/classify.log",
    params:
        code=MODELS.code("classify_recording.py"),
    message:
        "Classifying the recording {wildcards.afternoon}."
    script:
        "../workflow/scripts/classify_recording.py"


rule write_live_page:
    input:
        model="results/models/{model}",
    output:
        page="results/live/{model}.html",
    log:
        "results/logs/live/{model}.log",
    params:
        code=MODELS.code("write_live_page.py"),
    message:
        "Writing the page that runs the model {wildcards.model} in a browser."
    script:
        "../workflow/scripts/write_live_page.py"
