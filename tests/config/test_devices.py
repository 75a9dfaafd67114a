"""Where configurations are trained: the prediction, what can be used, and what a user says."""

import ctypes
import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import pytest

from harmodels.config import devices
from harmodels.config.devices import (
    cuda_can_be_used,
    device_of,
    engine_on,
    gains_on_cuda,
    planned_device,
)
from harmodels.config.options import OPTIONS
from harmodels.errors import ConfigurationError

# what docs/gpu.md expects of five replicates: training, options, whether CUDA is faster
EXPECTED = [
    ("truncated_bptt", {"hidden": 50, "window": 10}, False),
    ("truncated_bptt", {"hidden": 100, "window": 30}, False),
    ("minibatch", {"hidden": 50, "batch_size": 10}, False),
    ("minibatch", {"hidden": 50, "batch_size": 30}, True),
    ("minibatch", {"hidden": 100, "batch_size": 30}, True),
    ("perceptron", {"batch_size": 1}, False),
    ("perceptron", {"batch_size": 1, "momentum": 0.09}, False),
    ("perceptron", {"batch_size": 50}, True),
    ("recurrent", {"hidden": 128, "batch_size": 50}, True),
    ("recurrent", {"hidden": 128, "batch_size": 5}, False),
    ("recurrent", {"hidden": 256, "batch_size": 5}, True),
    ("recurrent", {"hidden": 320, "batch_size": 5, "architecture": "hierarchical"}, True),
    ("recurrent", {"hidden": 1280, "batch_size": 5, "architecture": "hierarchical"}, True),
    ("baseline", {}, False),
]


@pytest.mark.parametrize(("training", "options", "gains"), EXPECTED)
def test_auto_takes_cuda_where_it_is_expected_to_be_faster(training, options, gains):
    every = OPTIONS[training](**options).model_dump()
    assert gains_on_cuda(training, every, 5) == gains
    assert device_of("auto", "auto", training, every, 5) == ("cuda" if gains else "cpu")
    assert device_of("auto", "compiled", training, every, 5) == "cpu"
    assert device_of("cpu", "auto", training, every, 5) == "cpu"
    forced = "cpu" if training == "baseline" else "cuda"
    assert device_of("cuda", "auto", training, every, 5) == forced


def test_every_training_of_networks_has_the_options_that_the_prediction_reads():
    for training, (units, _) in devices.GAINS_FROM.items():
        assert {units, "batch_size"} <= set(OPTIONS[training].known_keys())


def test_more_replicates_make_cuda_worth_it():
    options = OPTIONS["perceptron"](batch_size=1).model_dump()
    assert [gains_on_cuda("perceptron", options, R) for R in (1, 5, 64)] == [False, False, True]


def test_auto_takes_the_compiled_loop_on_a_cpu_and_tensors_on_a_gpu():
    assert engine_on("auto", "cpu") == "compiled"
    assert engine_on("auto", "cuda") == engine_on("reference", "cuda") == "reference"
    assert engine_on("compiled", "auto") == "compiled"
    with pytest.raises(ConfigurationError, match="CPU only"):
        engine_on("compiled", "cuda")


def test_a_job_takes_the_device_that_the_planning_process_decided(monkeypatch):
    monkeypatch.setattr(devices, "cuda_can_be_used", lambda: pytest.fail("decided anew"))
    for decided in ("auto", "cpu", "cuda"):
        monkeypatch.setenv("HARMODELS_DEVICE", decided)
        assert planned_device("auto") == decided
        assert planned_device("cpu") == "cpu"
        assert planned_device("cuda") == "cuda"
    monkeypatch.setenv("HARMODELS_DEVICE", "gpu")
    with pytest.raises(ConfigurationError, match="HARMODELS_DEVICE.*'gpu'.*'cuda'"):
        planned_device("auto")


class Driver:
    """What stands in for NVIDIA's driver: its functions fill what they are given."""

    def __init__(self, version=12080, count=1, found=0):
        self.version, self.count, self.found = version, count, found

    def cuDriverGetVersion(self, number):  # noqa: N802 - NVIDIA's names
        number._obj.value = self.version
        return 0

    def cuInit(self, flags):  # noqa: N802
        return self.found

    def cuDeviceGetCount(self, number):  # noqa: N802
        number._obj.value = self.count
        return 0


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that makes a machine of a build of torch and a driver, None for neither."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("HARMODELS_DEVICE", raising=False)

    def make(cuda="'12.8'", driver=None):
        (tmp_path / "version.py").write_text(
            f"debug = False\ncuda: Optional[str] = {cuda}\nhip: Optional[str] = '6.0'\n"
        )
        torch = None if cuda is None else SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(devices, "find_spec", lambda name: torch)

        def load(name):
            if driver is None:
                raise OSError(f"{name}: cannot open shared object file")
            return driver

        monkeypatch.setattr(ctypes, "CDLL", load)

    return make


def test_a_torch_for_cuda_a_driver_for_it_and_a_gpu_can_be_used(machine):
    machine(driver=Driver())
    assert cuda_can_be_used()
    assert planned_device("auto") == "auto"


@pytest.mark.parametrize("visible", ["0", "1,2", "GPU-8932f937"])
def test_so_can_one_of_several_gpus(machine, monkeypatch, visible):
    machine(driver=Driver())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert cuda_can_be_used()


@pytest.mark.parametrize(
    ("given", "visible"),
    [
        ({"cuda": "None", "driver": Driver()}, None),  # a build of torch for the processor
        ({"cuda": None, "driver": Driver()}, None),  # no torch
        ({}, None),  # no driver, or a container that was not given one
        ({"driver": Driver(found=100)}, None),  # a driver without a card
        ({"driver": Driver(count=0)}, None),
        ({"cuda": "'13.0'", "driver": Driver(version=12090)}, None),  # too old a driver
        ({"driver": Driver()}, ""),
        ({"driver": Driver()}, "-1"),
    ],
)
def test_auto_is_the_processor_where_torch_could_not_use_a_gpu(
    machine, monkeypatch, given, visible
):
    machine(**given)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert not cuda_can_be_used()
    assert planned_device("auto") == "cpu"


def test_the_installed_torch_is_asked_and_not_imported():
    asked = (
        "import sys\nfrom harmodels.config.devices import _cuda_of_torch, cuda_can_be_used\n"
        "cuda_can_be_used()\nprint(_cuda_of_torch(), 'torch' in sys.modules)\n"
        "import torch\nprint(torch.version.cuda and int(torch.version.cuda.split('.')[0]))"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    read, imported, told = done.stdout.split()
    assert importlib.util.find_spec("torch") is not None
    assert (read, imported) == (told, "False")
