from harmodels.runtime import progress as module
from harmodels.runtime.progress import Progress


def test_a_resumed_job_estimates_from_the_epochs_of_its_own_process(monkeypatch, caplog):
    caplog.set_level("INFO", "harmodels")
    clock = iter([0.0, 10.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    Progress(100)(90, 5, {"loss": 1.0})
    assert "epoch 90 of 100" in caplog.text
    assert "1:40 left" in caplog.text
