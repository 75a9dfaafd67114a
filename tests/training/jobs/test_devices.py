import pytest
import torch

from harmodels.errors import TrainingError
from harmodels.runtime.machine import describe_machine
from harmodels.training.jobs.devices import check_engine, use_device


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_torch_does_not_see_is_refused_with_the_remedy(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    named = f"device {device}: torch .*device=cpu"
    with pytest.raises(TrainingError, match=named), use_device(device):
        pytest.fail("the job began")
    assert describe_machine("cuda")["gpu"] is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("tried to allocate 3 GiB"), "tried to allocate.*replicates"),
        (RuntimeError("CUDA error: out of memory\nadvice"), "out of memory. Another.*replicates"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling x"),
            "nvidia-smi.*batch",
        ),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling x"),
            "too little memory",
        ),
        (
            RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
            "busy or unavailable. Another process has it to itself",
        ),
        (
            RuntimeError("CUDA error: no kernel image is available for execution on the device"),
            "no code for this GPU.*compute capability",
        ),
        (RuntimeError("CUDA error: invalid device ordinal"), "no such GPU.*CUDA_VISIBLE_DEVICES"),
    ],
)
def test_a_gpu_that_is_full_or_taken_or_too_old_is_an_error_with_the_remedy(
    monkeypatch, error, said
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(TrainingError, match=f"{said}.*device=cpu") as seen, use_device("cuda"):
        raise error
    assert "advice" not in str(seen.value)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_another_error_stays_what_it_is(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(RuntimeError, match=r"^$"), use_device(device):
        raise RuntimeError


def test_a_job_on_the_processor_asks_for_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("asked for a GPU"))
    with use_device("cpu"):
        pass


def test_compiled_loops_are_refused_where_numba_must_not_compile(monkeypatch):
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)
    check_engine("reference")
    with pytest.raises(TrainingError, match="NUMBA_DISABLE_JIT.*engine=reference"):
        check_engine("compiled")
