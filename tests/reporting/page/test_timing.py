import pytest

from harmodels.reporting.page.timing import read_job_seconds, times


def test_overhead_is_what_a_job_took_besides_its_training(section):
    made = section(seconds=1.5, job_seconds={("b", "hidden=50"): 4.0, ("b", "hidden=100"): 2.0})
    (time,) = times(made)
    assert (time.jobs, time.training, time.overhead) == (2, 3.0, 3.0)


def test_a_resumed_training_longer_than_its_last_attempt_has_no_overhead(section):
    (time,) = times(section(seconds=9.0, job_seconds={("b", "hidden=50"): 4.0}))
    assert time.overhead == 0.0


def test_overhead_is_unknown_without_benchmarks(section):
    (time,) = times(section())
    assert time.overhead is None


def test_the_last_attempt_of_each_job_is_read_and_damage_is_passed_over(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "rate=0.1.jsonl").write_text('{"s": 3.5}\n{"s": 4.5}\n')
    (tmp_path / "b" / "rate=0.2.jsonl").write_text('{"s":')
    (tmp_path / "b" / "rate=0.3.jsonl").write_text("")
    assert read_job_seconds(tmp_path) == {("b", "rate=0.1"): pytest.approx(4.5)}
    assert read_job_seconds(tmp_path / "nothing") == {}
