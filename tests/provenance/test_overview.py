import re
import shutil

import pytest

from harmodels.cli import main
from harmodels.evaluation.statistics import share_interval
from harmodels.files import read_json
from harmodels.provenance.current import current_runs
from harmodels.provenance.overview import run_overview
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.runs.measures import prediction_measure

PLACE = "toy_report/toy"
RUN = f"{PLACE}/runs/plain/learning_rate=0.1"


def test_runs_shows_the_accuracy_of_both_weights_with_its_interval(made):
    row = (
        run_overview(current_runs(made).runs)
        .set_index(["experiment", "configuration"])
        .loc["plain"]
        .iloc[0]
    )
    for checkpoint in ("last", "best"):
        values = prediction_measure(load_run(made / RUN), "top_1", checkpoint)["value"]
        mean, low, high = (float(number) for number in re.findall(r"-?[0-9.]+", row[checkpoint]))
        assert (mean, low, high) == pytest.approx(share_interval(values)[:3], abs=5e-4)


def test_runs_counts_replicates_and_the_range_of_their_epochs(results, edit_json, capsys):
    outcomes = read_json(results / RUN / "run.json")["replicates"]
    outcomes[0] |= {"epochs": 3}
    outcomes[1] |= {"epochs": 1, "diverged_epoch": 2}
    edit_json(results / RUN / "run.json", {"replicates": outcomes})
    assert main(["runs", str(results)]) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if "1-3" in line]
    assert "learning_rate=0.1" in line
    assert line.split()[4:6] == ["2", "1"]


def test_a_run_without_a_kind_of_weights_has_no_accuracy_of_them(results, edit_table):
    edit_table(results / RUN / "predictions.parquet", lambda f: f[f["checkpoint"] == "last"])
    assert "none" in run_overview(current_runs(results).runs)["best"].tolist()


@pytest.mark.parametrize("command", ["runs", "recency"])
def test_a_run_json_that_lacks_a_key_is_an_error_that_names_it(results, edit_json, capsys, command):
    edit_json(results / RUN / "run.json", {"engine": None})
    assert main([command, str(results / PLACE)]) == 1
    assert "run.json: the key 'engine' is missing. Delete it" in capsys.readouterr().err


def test_recency_names_the_last_label_of_every_network(results, capsys):
    assert main(["recency", str(results / PLACE)]) == 0
    assert "of 6 networks predict most often" in capsys.readouterr().out


def test_recency_without_runs_says_how_to_start(results, capsys):
    shutil.rmtree(results / PLACE / "runs")
    assert main(["recency", str(results / PLACE)]) == 1
    assert "holds no finished run" in capsys.readouterr().err
