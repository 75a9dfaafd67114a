import pytest
import torch

from harmodels.errors import TrainingError
from harmodels.runtime.machine import describe_machine
from harmodels.training.jobs.devices import check_engine, use_device


def test_a_gpu_that_torch_does_not_see_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="device=cpu"), use_device("cuda"):
        pytest.fail("the job began")
    assert describe_machine("cuda")["gpu"] is None


def test_a_gpu_without_enough_memory_is_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(TrainingError, match="tried to allocate.*replicates"), use_device("cuda"):
        raise torch.OutOfMemoryError("tried to allocate 3 GiB")


def test_a_job_on_the_processor_asks_for_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("asked for a GPU"))
    with use_device("cpu"):
        pass


def test_compiled_loops_are_refused_where_numba_must_not_compile(monkeypatch):
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)
    check_engine("reference")
    with pytest.raises(TrainingError, match="NUMBA_DISABLE_JIT.*engine=reference"):
        check_engine("compiled")
