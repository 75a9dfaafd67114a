import json
import os

import pytest

from harmodels.reporting.page.sections import read_job_seconds
from harmodels.reporting.page.timing import lines_of_times, times
from tests.run_files import RUN

BEGAN = 1_000.0


@pytest.mark.parametrize(
    ("seconds", "known", "overhead"),
    [
        (1.5, {("b", "hidden=50"): 4.0, ("b", "hidden=100"): 2.0}, 3.0),
        (9.0, {("b", "hidden=50"): 4.0}, 0.0),  # resumed: longer than its last attempt
        (1.5, {}, None),
    ],
)
def test_overhead_is_what_a_job_took_besides_its_training(section, seconds, known, overhead):
    (time,) = times(section(seconds=seconds, job_seconds=known))
    assert (time.jobs, time.training, time.overhead) == (2, 2 * seconds, overhead)


def test_the_last_attempt_of_each_job_is_read_and_damage_is_passed_over(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "rate=0.1.jsonl").write_text('{"s": 3.5}\n{"s": 4.5}\n')
    (tmp_path / "b" / "rate=0.2.jsonl").write_text('{"s":')
    (tmp_path / "b" / "rate=0.3.jsonl").write_text("")
    assert read_job_seconds(tmp_path) == {("b", "rate=0.1"): pytest.approx(4.5)}
    assert read_job_seconds(tmp_path / "nothing") == {}


@pytest.fixture
def results(tmp_path):
    """Two trainings after `BEGAN`, one before; two tables of which one is of this run."""
    logs = tmp_path / "logs" / "toy" / "data"
    (logs / "train" / "b").mkdir(parents=True)
    (logs / "tables").mkdir()
    for name, wall, at in (("x=1", 2.0, 1_500), ("x=2", 3.0, 1_600), ("x=3", 90.0, 500)):
        folder = tmp_path / "toy" / "data" / "runs" / "b" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(RUN | {"name": name, "wall_time_s": wall}))
        os.utime(folder / "run.json", (at, at))
        (logs / "train" / "b" / f"{name}.jsonl").write_text(json.dumps({"s": wall + 0.5}))
    for name, at in (("new", 1_500), ("old", 500)):
        log = logs / "tables" / f"{name}.log"
        log.write_text("12:00:00 0.25 s of processor time\n")
        os.utime(log, (at, at))
    return tmp_path


def lines(results):
    folder = results / "toy" / "data"
    runs = [str(folder / "runs" / "b" / name) for name in ("x=1", "x=2", "x=3", "x=4")]
    spec = {"title": "Toy", "experiments": {"b": "The only one"}}
    entry = {
        "report": "toy",
        "dataset": "data",
        "spec": spec,
        "protocols": {},
        "folder": str(folder),
        "runs": runs,
    }
    return lines_of_times([entry], BEGAN, results)


def test_trainings_and_overhead_of_this_run_alone_are_summed_by_experiment(results):
    assert "The only one: 2 trainings, 5.0 s; besides: 1.0 s" in lines(results)[1]


def test_jobs_that_train_nothing_are_summed_from_their_logs(results):
    assert "1 jobs, 0.2 s" in lines(results)[2]


def test_a_damaged_record_takes_nothing_from_the_other_lines(results):
    (results / "toy" / "data" / "runs" / "b" / "x=1" / "run.json").write_text("{")
    assert "1 training, 3.0 s" in lines(results)[1]


def test_nothing_is_said_where_no_job_ended(tmp_path):
    assert lines(tmp_path) == []
