import logging
import sys
from types import SimpleNamespace

import pytest
import torch

from harmodels.runtime import machine
from harmodels.runtime.machine import describe_machine, describe_versions


def test_versions_and_machine_are_described():
    assert describe_versions()["python"] == sys.version.split()[0]
    assert describe_machine("cpu")["cores"] >= 1
    assert isinstance(logging.getLogger("harmodels"), logging.Logger)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC\n"
            "GCC version:  gcc version 11.4.0\n",
            "535.104.05",
        ),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n",
            "580.65.06",
        ),
        ("another text", None),
        (None, None),
    ],
)
def test_of_a_gpu_model_capability_and_driver_are_described(monkeypatch, tmp_path, text, driver):
    card = SimpleNamespace(name="H200", major=9, minor=0, total_memory=140 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda: card)
    monkeypatch.setattr(machine, "DRIVER", tmp_path / "version")
    if text is not None:
        machine.DRIVER.write_text(text)
    told = describe_machine("cuda")
    assert (told["gpu"], told["gpu_capability"], told["driver"]) == ("H200", "9.0", driver)
    assert told["gpu_memory_mb"] == 140 * 2**10
