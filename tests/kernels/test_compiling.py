import os
import platform
import subprocess
import sys

import pytest
from numba.core.codegen import JITCodeLibrary
from numba.core.dispatcher import Dispatcher

from harmodels.kernels import compiling

TRAIN_AND_PRINT = """
import numpy as np, torch
from harmodels.kernels.elman import tbptt as elman_tbptt
from harmodels.kernels.simd import emitter
from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.training.loops import tbptt
draw = uniform(0.3)
params = elman.initialise(
    [np.random.default_rng(0)], channels=3, hidden=37, classes=6, weights=draw, biases=draw)
data = np.random.default_rng(1)
frames = torch.from_numpy(data.normal(size=(21, 3)).astype(np.float32))
sequences = (frames, torch.tensor([0, 7, 14]), torch.tensor([7, 7, 7]))
call = (params, *sequences, torch.tensor([0, 5, 2]), torch.tensor([[2, 0, 1]]))
options = dict(window=3, learning_rate=0.1, clip=1.0)
trained, losses = elman_tbptt.train_epoch(*call, **options)
expected, _ = tbptt.train_epoch(*call, **options)
torch.testing.assert_close(trained.rnn.weight_hh, expected.rnn.weight_hh, rtol=0, atol=2e-6)
print(emitter.LANES, float(losses["binary_cross_entropy"][0]).hex())
"""

# the arrays' pointers as they will be when llvmlite knows no typed ones
WITHOUT_TYPES = """
from harmodels.kernels.simd.emitter import INDEX, POINTER, Emitter
typed = Emitter.base
def base(self, array_type, array):
    pointer = self.builder.ptrtoint(typed(self, array_type, array), INDEX)
    pointer = self.builder.inttoptr(pointer, POINTER)
    assert pointer.type.is_opaque
    return pointer
Emitter.base = base
"""
PERCEPTRON = """
from harmodels.config.options import Perceptron
from harmodels.training.learners import SequenceTensors, make_learner
inputs = torch.from_numpy(data.normal(size=(60, 1, 20)).astype(np.float32))
read = SequenceTensors.of_equal_length(inputs, torch.arange(60) % 3, 3)
for batch_size in (1, 7):
    options = Perceptron(hidden1=30, hidden2=20, batch_size=batch_size, momentum=0.5,
        initial_range=0.2, learning_rate=0.02)
    trained = []
    for engine in ("compiled", "reference"):
        learner = make_learner("perceptron", options, engine, 1)
        state = learner.initialise([np.random.default_rng(0)], read)
        trained.append(learner.train_epoch(state, read, torch.arange(60)[None], [])[0].params)
    for mine, expected in zip(*trained):
        torch.testing.assert_close(mine.weight, expected.weight, rtol=0, atol=4e-6)
"""


def start(script=TRAIN_AND_PRINT, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def test_the_stamp_changes_with_any_source_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    before = compiling.source_stamp(tmp_path)
    (tmp_path / "a.py").write_text("x = 2\n")
    assert compiling.source_stamp(tmp_path) != before


def test_without_a_writable_folder_the_kernel_is_compiled_and_not_cached(monkeypatch):
    def refuse(self):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(Dispatcher, "enable_caching", refuse)
    assert compiling.entry_point(lambda x: 2 * x)(4) == 8


def test_two_processes_may_compile_at_once_and_the_cache_names_the_sources(tmp_path):
    together = [start(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    outputs = {finish(process) for process in together}
    outputs.add(finish(start(NUMBA_CACHE_DIR=str(tmp_path))))  # this one reads the cache
    assert len(outputs) == 1
    names = [path.name for path in tmp_path.rglob("*.nbi")]
    assert names
    assert all(f"_{compiling.SOURCE_STAMP:x}-" in name for name in names)


def test_pointers_need_no_type_of_what_they_point_to(tmp_path):
    environment = {"LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS": "0", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert finish(start(WITHOUT_TYPES + TRAIN_AND_PRINT + PERCEPTRON, **environment))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names an x86-64 processor")
def test_a_processor_without_avx512_agrees_with_the_reference_too(tmp_path):
    output = finish(
        start(
            NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx,+avx2,+fma",
            NUMBA_CACHE_DIR=str(tmp_path),
        )
    )  # fmt: skip
    assert output.startswith("8 ")


@compiling.inlined
def twice(x):
    return 2 * x


def test_machine_code_is_made_of_an_entry_point_and_not_of_what_it_takes_in(monkeypatch):
    made, finish_one = [], JITCodeLibrary._finalize_specific

    def finish(library):
        made.append(library.name)
        finish_one(library)

    monkeypatch.setattr(JITCodeLibrary, "_finalize_specific", finish)
    assert compiling.entry_point(lambda x: twice(x) + 1)(4) == 9
    assert made
    assert not any("twice" in name for name in made)


def test_python_may_call_an_inlined_function_too():
    assert twice(4) == 8


def test_compiling_is_announced_once_and_reading_the_cache_is_not(tmp_path):
    announced = []
    for _ in range(2):
        process = start(TRAIN_AND_PRINT + PERCEPTRON, NUMBA_CACHE_DIR=str(tmp_path))
        _, errors = process.communicate(timeout=300)
        announced.append(errors.count("compiling"))
    assert announced == [1, 0]


def test_a_worker_does_not_announce_it(monkeypatch, capsys):
    compiling.announce.cache_clear()
    monkeypatch.setattr("multiprocessing.parent_process", object)
    compiling.announce()
    assert not capsys.readouterr().err
    compiling.announce.cache_clear()
