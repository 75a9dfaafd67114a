import subprocess
import sys

from harmodels.reporting.specs import experiments_of, needs_subjects, published_of

SIDE = {"experiment": "b", "checkpoint": "last", "title": "B"}
TABLE = {"title": "T", "kind": "top_k", "checkpoint": "last"}
PAIR = {"title": "T", "kind": "side_by_side", "left": SIDE}
CLAIM = {"statement": "S", "kind": "comparison", "metric": "top_1", "expected": "less"}


def test_both_sides_and_the_experiment_itself_are_needed_each_once():
    assert experiments_of(TABLE | {"experiment": "a"}) == ["a"]
    assert experiments_of(PAIR | {"right": SIDE | {"experiment": "c"}}) == ["b", "c"]
    assert experiments_of(PAIR | {"right": SIDE}) == ["b"]


def test_stacked_experiments_and_compared_runs_are_needed_too():
    stacked = {"experiments": ["a", {"experiment": "b", "title": "B"}, "a"]}
    assert experiments_of(TABLE | stacked) == ["a", "b"]
    runs = [{"experiment": "c", "title": "C"}, {"experiment": "a", "title": "A"}]
    compared = {"title": "T", "kind": "losses_compared", "metric": "m", "runs": runs}
    assert experiments_of(compared) == ["c", "a"]


def test_the_panels_of_a_sweep_are_needed_too():
    panels = [{"experiment": "b", "option": "x"}, {"experiment": "a", "option": "y"}]
    sweep = {"title": "T", "kind": "sweep", "panels": panels, "checkpoint": "last"}
    assert experiments_of(sweep) == ["b", "a"]


def test_only_tables_of_test_sequences_need_subjects():
    entry = TABLE | {"experiment": "a"}
    for kind in ("subject_accuracy", "class_recall", "top_k"):
        assert needs_subjects(entry | {"kind": kind})
    assert not needs_subjects(entry | {"kind": "class_recall", "split": "train"})
    assert not needs_subjects(entry | {"kind": "confusions"})


def test_published_tables_are_files_and_not_the_published_verdict_of_a_claim():
    assert published_of(TABLE | {"experiment": "a", "published": "t.csv"}) == ["t.csv"]
    assert published_of(PAIR | {"left": SIDE | {"published": "t.csv"}, "right": SIDE}) == ["t.csv"]
    side = {"experiment": "b", "checkpoint": "last"}
    claim = CLAIM | {"left": side, "right": side, "published": {"verdict": "holds"}}
    assert published_of(claim) == []


def test_reading_specifications_imports_nothing_heavy():
    code = (
        "import sys, harmodels.reporting.specs; "
        "print([m for m in ('torch', 'matplotlib', 'pandas', 'numpy') if m in sys.modules])"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == "[]"
