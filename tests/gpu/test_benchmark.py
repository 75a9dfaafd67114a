import pandas as pd
import pytest
import torch


@pytest.fixture
def measure(repository, monkeypatch, tmp_path):
    """Run `python -m benchmarks.gpu` with these arguments and return the folder of its results."""
    monkeypatch.syspath_prepend(str(repository))
    from benchmarks import gpu

    def run(*arguments):
        command = ["gpu", *arguments, "--output", str(tmp_path / "measured")]
        monkeypatch.setattr("sys.argv", command)
        gpu.main()
        return tmp_path / "measured"

    return run


@pytest.mark.parametrize("name", ["truncated_bptt", "minibatch", "perceptron", "recurrent"])
def test_every_case_of_the_gpu_benchmark_runs_and_its_contenders_agree(measure, name):
    folder = measure("--device", "cpu", "--tiny", "--case", name)
    summary = pd.read_csv(folder / "cpu.csv")
    assert set(summary["networks"]) == {1, 3}
    assert (summary["faster"] > 0).all()
    assert "only a trial" in (folder / "cpu.md").read_text()


def test_contenders_that_do_other_work_are_refused(measure, monkeypatch):
    from benchmarks import gpu

    monkeypatch.setattr(gpu, "AGREEMENT", 0.0)
    with pytest.raises(SystemExit, match="of the way from torch"):
        measure("--device", "cpu", "--tiny", "--case", "perceptron")


def test_without_a_gpu_the_benchmark_fails_and_measures_nothing(measure, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="nothing measured"):
        measure()
    assert not (tmp_path / "measured").exists()
