import subprocess
import sys

from harmodels.reporting.specs import experiments_of, needs_subjects, published_of


def test_both_sides_and_the_experiment_itself_are_needed_each_once():
    assert experiments_of({"experiment": "a"}) == ["a"]
    sides = {"left": {"experiment": "b"}, "right": {"experiment": "c"}}
    assert experiments_of(sides) == ["b", "c"]
    assert experiments_of({"left": {"experiment": "b"}, "right": {"experiment": "b"}}) == ["b"]


def test_stacked_experiments_and_compared_runs_are_needed_too():
    stacked = {"experiments": ["a", {"experiment": "b", "title": "B"}, "a"]}
    assert experiments_of(stacked) == ["a", "b"]
    assert experiments_of({"runs": [{"experiment": "c"}, {"experiment": "a"}]}) == ["c", "a"]


def test_the_panels_of_a_sweep_are_needed_too():
    panels = [{"experiment": "b", "option": "x"}, {"experiment": "a", "option": "y"}]
    assert experiments_of({"kind": "sweep", "panels": panels}) == ["b", "a"]


def test_only_a_table_of_subjects_needs_subjects():
    assert needs_subjects({"kind": "subject_accuracy"})
    assert not needs_subjects({"kind": "class_recall"})


def test_published_tables_are_files_and_not_the_published_verdict_of_a_claim():
    assert published_of({"published": "t.csv"}) == ["t.csv"]
    assert published_of({"left": {"published": "t.csv"}, "right": {}}) == ["t.csv"]
    assert published_of({"published": {"verdict": "holds"}}) == []


def test_reading_specifications_imports_nothing_heavy():
    code = (
        "import sys, harmodels.reporting.specs; "
        "print([m for m in ('torch', 'matplotlib', 'pandas', 'numpy') if m in sys.modules])"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == "[]"
