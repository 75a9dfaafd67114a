import pandas as pd
import pytest

from harmodels.errors import ResultsError
from harmodels.files import read_table, write_table
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.selection import runs_of

CONFIGURATION = {"learning_rate": 0.1, "hidden": 50, "window": 10}


def test_diverged_replicates_are_known(write_run, tmp_path):
    run = load_run(write_run(tmp_path, "part_b", CONFIGURATION, replicates=5, diverged=(1, 3)))
    assert (run.diverged, run.replicates) == ((1, 3), 5)


def test_runs_are_grouped_by_experiment_in_the_order_given(write_run, tmp_path):
    folders = [
        write_run(tmp_path, experiment, {"hidden": hidden})
        for experiment in ("b", "a")
        for hidden in (100, 50)
    ]
    runs = load_runs(folders)
    assert [(name, [r.name for r in group]) for name, group in runs.items()] == [
        ("b", ["hidden=100", "hidden=50"]),
        ("a", ["hidden=100", "hidden=50"]),
    ]


@pytest.mark.parametrize("name", ["run.json", "history.parquet", "predictions.parquet"])
def test_a_missing_file_is_named(write_run, tmp_path, name):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    (folder / name).unlink()
    with pytest.raises(ResultsError, match=name):
        load_run(folder)


@pytest.mark.parametrize("name", ["run.json", "history.parquet", "predictions.parquet"])
def test_a_truncated_file_is_named(write_run, tmp_path, name):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ResultsError, match=name):
        load_run(folder)


def test_another_number_of_classes_than_scores_is_refused(write_run, edit_json, tmp_path):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    edit_json(folder / "run.json", {"classes": ["a", "b"]})
    with pytest.raises(ResultsError, match="6 scores a sequence"):
        load_run(folder)


def test_a_table_that_lacks_a_column_is_named(write_run, tmp_path):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    frame = read_table(folder / "history.parquet")[0].to_pandas()
    write_table(folder / "history.parquet", frame.drop(columns="epoch"))
    with pytest.raises(ResultsError, match=r"history\.parquet lacks the column 'epoch'"):
        load_run(folder)


def test_a_score_that_is_not_a_number_is_refused(write_run, tmp_path):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    frame = read_table(folder / "predictions.parquet")[0].to_pandas()
    frame.loc[0, "score_2"] = float("nan")
    write_table(folder / "predictions.parquet", frame)
    with pytest.raises(ResultsError, match="NaN or infinite"):
        load_run(folder)


def test_predictions_of_an_unknown_replicate_are_refused(write_run, tmp_path):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    frame = read_table(folder / "predictions.parquet")[0].to_pandas()
    write_table(folder / "predictions.parquet", pd.concat([frame, frame.assign(replicate=9)]))
    with pytest.raises(ResultsError, match="replicate 9"):
        load_run(folder)


def test_a_label_of_no_class_is_refused(write_run, tmp_path):
    folder = write_run(tmp_path, "part_b", CONFIGURATION)
    frame = read_table(folder / "predictions.parquet")[0].to_pandas()
    write_table(folder / "predictions.parquet", frame.assign(label=-1))
    with pytest.raises(ResultsError, match=r"predictions\.parquet holds a label outside 0…"):
        load_run(folder)


def test_runs_of_different_data_sets_do_not_mix(write_run, tmp_path):
    folders = [
        write_run(tmp_path, "a", CONFIGURATION),
        write_run(tmp_path, "b", CONFIGURATION, simulated=True),
    ]
    with pytest.raises(ResultsError, match="another data set"):
        load_runs(folders)


def test_an_experiment_without_runs_is_named():
    with pytest.raises(ResultsError, match="'part_c'"):
        runs_of({}, "part_c")
