import pytest

from harmodels.errors import ResultsError
from harmodels.files import read_table, write_table
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.selection import runs_of

FILES = ["run.json", "history.parquet", "predictions.parquet"]


@pytest.fixture
def folder(write_run, tmp_path):
    return write_run(tmp_path, "part_b", {"learning_rate": 0.1, "hidden": 50})


def test_diverged_replicates_are_known(write_run, tmp_path):
    run = load_run(write_run(tmp_path, "part_b", {"hidden": 50}, replicates=5, diverged=(1, 3)))
    assert (run.diverged, run.replicates) == ((1, 3), 5)


def test_runs_are_grouped_by_experiment_in_the_order_given(write_run, tmp_path):
    runs = load_runs(write_run(tmp_path, e, {"hidden": h}) for e in "ba" for h in (100, 50))
    names = ["hidden=100", "hidden=50"]
    assert [(e, [run.name for run in group]) for e, group in runs.items()] == [
        *(("b", names), ("a", names))
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_truncated_file_is_named(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ResultsError, match=name):
        load_run(folder)
    (folder / name).unlink()
    with pytest.raises(ResultsError, match=name):
        load_run(folder)


def test_another_number_of_classes_than_scores_is_refused(folder, edit_json):
    edit_json(folder / "run.json", {"classes": ["a", "b"]})
    with pytest.raises(ResultsError, match="6 scores a sequence"):
        load_run(folder)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "history",
            lambda f: f.drop(columns="epoch"),
            r"history\.parquet lacks the column 'epoch'",
        ),
        ("predictions", lambda f: f.assign(score_2=f["score_2"].where(f.index > 0)), "NaN or inf"),
        ("predictions", lambda f: f.assign(replicate=9), "replicate 9"),
        (
            "predictions",
            lambda f: f.assign(label=-1),
            r"predictions\.parquet holds a label outside",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused(folder, name, change, message):
    path = folder / f"{name}.parquet"
    write_table(path, change(read_table(path)[0].to_pandas()))
    with pytest.raises(ResultsError, match=message):
        load_run(folder)


def test_runs_of_different_data_sets_do_not_mix(write_run, tmp_path):
    folders = [write_run(tmp_path, e, {"hidden": 5}, simulated=e == "b") for e in "ab"]
    with pytest.raises(ResultsError, match="another data set"):
        load_runs(folders)


def test_an_experiment_without_runs_is_named():
    with pytest.raises(ResultsError, match="'part_c'"):
        runs_of({}, "part_c")
