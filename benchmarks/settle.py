"""Settle within ten minutes, on one machine with a GPU, what the GPU path is worth.

    python -m benchmarks.gpu --settle

Stages run in turn, each in a process of its own with a limit, so that one that fails costs nothing
but itself. Each prints its findings as lines of JSON and adds them to settle.jsonl.

What follows from them was decided before anything was measured:

- If the kernel of truncated BPTT (`harmodels.kernels.cuda`) makes fewer than 20 updates a
  microsecond with 528 networks of 50 units at once and a window of 10, it goes again.
- If 5 replicates of the networks of report hand_actions that are timed here, in one job on the GPU,
  are slower than 4 cores of the same machine with a replicate each at a time, CUDA leaves the
  pipeline and stays in the estimators.
"""

import json
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.cases import (
    HAND_CHANNELS,
    HAND_CLASSES,
    Task,
    gated,
    minibatch,
    noise,
    ours,
    perceptron,
    truncated_bptt,
)
from benchmarks.timing import time_in_turn
from harmodels.config.options import Recurrent
from harmodels.kernels.cuda import tbptt as one_launch
from harmodels.nn.params import state_dict, take_replicates
from harmodels.runtime.determinism import make_deterministic
from harmodels.training.loops import tbptt as reference

KERNEL_UPDATES, KERNEL_NETWORKS = 20, 528
TOGETHER, CORES = 5, 4
# Seconds; together less than ten minutes.
STAGES = {
    "facts": 40, "tests": 150, "nodes": 30, "waits": 50, "memory": 40, "speed": 140, "kernel": 120,
}  # fmt: skip
HANDS = "hands"

Say = Callable[..., None]


def facts(device: str, tiny: bool, say: Say) -> None:
    """Say what the machine is, and how long CUDA and cuBLAS take to start."""
    say(torch=torch.__version__, cuda=torch.version.cuda, cores=os.cpu_count())
    begun = time.perf_counter()
    torch.zeros(1, device=device)
    _wait(device)
    say(context_s=time.perf_counter() - begun)
    begun = time.perf_counter()
    torch.randn(5, 50, 50, device=device).bmm(torch.randn(5, 50, 50, device=device))
    _wait(device)
    say(first_product_s=time.perf_counter() - begun)
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        capability = f"{card.major}.{card.minor}"
        say(gpu=card.name, capability=capability, multiprocessors=card.multi_processor_count)


def tests(device: str, tiny: bool, say: Say) -> None:
    """Run the tests that only a GPU can run."""
    import pytest

    begun = time.perf_counter()
    options = ["-p", "no:cacheprovider", "-p", "no:benchmark", "--tb=line"]
    files = "tests/gpu/test_cuda.py", "tests/gpu/test_one_launch.py"
    ended = pytest.main([*options, *files])
    say(tests_end_with=int(ended), seconds=time.perf_counter() - begun)


def nodes(device: str, tiny: bool, say: Say) -> None:
    """Time a kernel in a chain: launched one by one, and as a node of a graph."""
    count = 20 if tiny else 1000
    x, w = torch.zeros(5, 1, 50, device=device), torch.randn(5, 50, 50, device=device) / 50
    kinds: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "tanh": torch.tanh,
        "product": lambda y: y @ w,
    }
    for name, operation in kinds.items():

        def chain(operation: Any = operation) -> None:
            y = x
            for _ in range(count):
                y = operation(y)

        runs = {"one by one": chain}
        if device == "cuda":
            stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                chain()
            _wait(device)
            with torch.cuda.graph(graph, stream=stream):
                chain()
            runs["in a graph"] = graph.replay
        for how, run in runs.items():
            run()
            _wait(device)
            begun = time.perf_counter()
            for _ in range(5):
                run()
            _wait(device)
            say(kernel=name, how=how, microseconds=(time.perf_counter() - begun) / 5 / count * 1e6)


def waits(device: str, tiny: bool, say: Say) -> None:
    """Count how often the host waits for the GPU in an epoch, by line."""
    make_deterministic()
    for name, task in _tasks(tiny):
        contender = ours(_on(task, device), name, "reference", 2)
        contender.train(2)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            if device == "cuda":
                torch.cuda.set_sync_debug_mode("warn")
            contender.train(2)
            if device == "cuda":
                torch.cuda.set_sync_debug_mode("default")
        places = [each for each in seen if "synchroniz" in str(each.message)]
        lines = Counter(f"{Path(each.filename).name}:{each.lineno}" for each in places)
        say(case=name, waits=len(places), where=dict(lines.most_common(5)))


def memory(device: str, tiny: bool, say: Say) -> None:
    """Record again and again, as when replicates end, and look whether memory is kept."""
    make_deterministic()
    task = _on(perceptron(50, 0.09, samples=200), device)
    for times in range(3 if tiny else 40):
        ours(task, "", "reference", 1 + times % 3).train(2)
        if device == "cuda" and times % 8 == 7:
            reserved = torch.cuda.memory_reserved() >> 20
            allocated = torch.cuda.memory_allocated() >> 20
            say(recordings=times + 1, allocated_mib=allocated, reserved_mib=reserved)


def speed(device: str, tiny: bool, say: Say) -> None:
    """Time an update: of one network compiled for a core, and of R by tensors on the device."""
    make_deterministic()
    for name, task in _tasks(tiny):
        wanted = [("compiled", "cpu", 1)]
        wanted += [("reference", device, R) for R in ((1, 2) if tiny else (1, TOGETHER, 64))]
        for engine, where, R in wanted:
            contender = ours(_on(task, where), name, engine, R)
            contender.train(1)  # compiles or records
            times = time_in_turn([contender], 1, 0.02 if tiny else 0.6)
            seconds = float(times["seconds_per_item"].iloc[0]) / (task.item / task.batch)
            update = {"microseconds": seconds * 1e6, "sequences": task.batch}
            say(case=name, engine=engine, device=where, networks=R, **update)


def kernel(device: str, tiny: bool, say: Say) -> None:
    """Compare the kernel with the loop on tensors, and count its updates by networks at once."""
    make_deterministic()
    for hidden, window in ((5, 4),) if tiny else ((50, 10), (50, 30), (100, 10), (100, 30)):
        task = truncated_bptt(hidden, window, "window", *((2, 9) if tiny else (300, 128)))
        data, n = _on(task, device).data, 2 if tiny else 100
        for R in (1, 2) if tiny else (1, 5, 132, 264, KERNEL_NETWORKS, 1056):
            params = _on(task, device).state("reference", R).params
            orders = [np.random.default_rng(r).permutation(len(data.labels))[:n] for r in range(R)]
            order = torch.from_numpy(np.stack(orders)).to(device)
            options = {"window": window, "learning_rate": 0.1, "clip": 1.0}
            read = data.frames, data.starts, data.lengths, data.labels
            mine, _ = one_launch.train_epoch(params, *read, order[:, :1], **options)  # compiles
            alone = take_replicates(params, [0])
            theirs, _ = reference.train_epoch(alone, *read, order[:1, :1], **options)
            pairs = zip(state_dict(mine).values(), state_dict(theirs).values(), strict=True)
            apart = max(float((own[:1] - other).abs().max()) for own, other in pairs)
            _wait(device)
            begun = time.perf_counter()
            one_launch.train_epoch(params, *read, order, **options)
            _wait(device)
            seconds, updates = time.perf_counter() - begun, n * -(-int(data.lengths[0]) // window)
            rate = R * updates / seconds / 1e6
            say(hidden=hidden, window=window, networks=R, apart=apart, updates_a_microsecond=rate)


def _tasks(tiny: bool) -> Iterator[tuple[str, Task]]:
    """Yield a network of each kind; those of report hand_actions have names that begin so."""
    count = 20 if tiny else 400
    lengths = torch.from_numpy(np.random.default_rng(0).normal(44, 13, count).clip(19, 96)).long()
    data = noise(lengths, HAND_CHANNELS, HAND_CLASSES)
    data = replace(data, fingers=torch.arange(60).view(5, 12))
    steps, samples = (8, 60) if tiny else (128, 600)
    yield "minibatch 50, batch 10", minibatch(50, 10, samples, steps)
    yield "minibatch 100, batch 30", minibatch(100, 30, samples, steps)
    yield "perceptron, one sample", perceptron(1, 0.09, samples=samples)
    yield "perceptron, batch 50", perceptron(50, 0.09, samples=samples)
    yield f"{HANDS}, gru 128, batch 50", gated("", "gru", 128, 50, data)
    yield f"{HANDS}, gru 256, batch 5", gated("", "gru", 256, 5, data)
    wide = Recurrent(
        architecture="hierarchical", hidden=320, finger_hidden=32, batch_size=5, dropout=0.0
    )
    yield f"{HANDS}, hierarchy 320, batch 5", Task("", "recurrent", wide, data, 5)


def _on(task: Task, device: str) -> Task:
    return replace(task, data=task.data.to(device))


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def verdict(found: list[dict[str, Any]]) -> list[str]:
    """Return what follows from the findings by the rules of this module."""
    size = {"hidden": 50, "window": 10, "networks": KERNEL_NETWORKS}
    rates = [line["updates_a_microsecond"] for line in found if line.items() >= size.items()]
    rule = f"kernel, {KERNEL_NETWORKS} networks, at least {KERNEL_UPDATES} updates a microsecond: "
    if rates:
        rule += f"{rates[0]:.3g}, it {'stays' if rates[0] >= KERNEL_UPDATES else 'goes'}"
    core, gpu = (
        {
            line["case"]: line["microseconds"] / line["sequences"]
            for line in found
            if line.get("engine") == engine
            and line["networks"] == networks
            and line["case"].startswith(HANDS)
        }
        for engine, networks in (("compiled", 1), ("reference", TOGETHER))
    )
    other = f"{TOGETHER} networks of hand_actions on the GPU against {CORES} cores: "
    both = core.keys() & gpu.keys()
    if both:
        ratio = sum(core[name] for name in both) * TOGETHER / CORES
        ratio /= sum(gpu[name] for name in both)
        what = "stays" if ratio >= 1 else "leaves the pipeline"
        other += f"{ratio:.3g} times as fast over {len(both)} networks, CUDA {what}"
    return [rule if rates else rule + "not measured", other if both else other + "not measured"]


def run(output: Path, device: str, *, tiny: bool) -> None:
    """Run all stages and print what follows."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "settle.jsonl"
    path.unlink(missing_ok=True)
    simulated = {"NUMBA_ENABLE_CUDASIM": "1"} if device == "cpu" else {}
    print(__doc__, flush=True)
    for stage, limit in STAGES.items():
        command = [sys.executable, "-m", "benchmarks.settle", stage, device, str(path)]
        environment = os.environ | (simulated if stage == "kernel" else {})
        begun = time.perf_counter()
        try:
            process = subprocess.run(command + ["tiny"] * tiny, env=environment, timeout=limit)
            ended = "" if process.returncode == 0 else f", it ended with {process.returncode}"
        except subprocess.TimeoutExpired:
            ended = ", its limit"
        print(f"{stage}: {time.perf_counter() - begun:.0f} s{ended}", flush=True)
    found = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.exists()
        else []
    )
    print("\n".join(verdict(found)), flush=True)


def main(stage: str, device: str, path: str, size: str = "") -> None:
    """Run one stage."""

    def say(**finding: Any) -> None:
        line = json.dumps({"stage": stage, **finding})
        print(line, flush=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    functions = {
        each.__name__: each for each in (facts, tests, nodes, waits, memory, speed, kernel)
    }
    functions[stage](device, size == "tiny", say)


if __name__ == "__main__":
    main(*sys.argv[1:])
