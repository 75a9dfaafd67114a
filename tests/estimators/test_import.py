import subprocess
import sys

HEAVY = ("torch", "numba", "pandas", "sklearn", "scipy", "snakemake", "matplotlib", "pyarrow")


def loaded_after(statement):
    program = f"import sys; {statement}; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(finished.stdout.split())


def test_importing_harmodels_loads_nothing_heavy():
    assert not loaded_after("import harmodels") & set(HEAVY)


def test_the_estimators_need_nothing_that_only_the_pipeline_needs():
    foreign = {"snakemake", "grimp", "jsonschema", "matplotlib", "jinja2", "pooch", "yaml"}
    assert not loaded_after("from harmodels import GRUClassifier") & foreign


def test_the_estimators_load_what_some_fits_need_when_they_need_it():
    later = {"numba", "scipy.signal", "sklearn.model_selection"}
    assert not loaded_after("from harmodels import GRUClassifier") & later
