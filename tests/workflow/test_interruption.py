"""The real pipeline, interrupted and started again with the same command."""

import copy
import os
import signal
import sys
import time
from pathlib import Path

import pytest

RUNS = "results/rnn_tbptt/simulated/runs/part_c"
CHECKPOINTS = "results/checkpoints/rnn_tbptt/simulated/part_c"
CONFIGURATION = "learning_rate=0.1+hidden=4+window=30"
TARGET = f"{RUNS}/{CONFIGURATION}/run.json"
RECORDS = ("history.parquet", "predictions.parquet", "weights.safetensors")
PATIENCE_S = 120


def wait_for(happened, process):
    until = time.monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, "the run ended before it could be interrupted"
        assert time.monotonic() < until
        time.sleep(0.05)


def training_processes(work):
    """The processes that train in this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "comm").read_text(encoding="utf-8").strip()
            here = (entry / "cwd").resolve() == work.resolve()
        except OSError:
            continue  # it has ended
        if here and command == "train_network":
            found.append(int(entry.name))
    return found


def started(checkout, configuration):
    """A run with a checkpoint written."""
    process = checkout.started(TARGET, "--configfile", configuration, "--cores", "2")
    kept = checkout.work / CHECKPOINTS / CONFIGURATION / "checkpoint.safetensors"
    before = kept.stat().st_mtime_ns if kept.exists() else 0
    wait_for(lambda: kept.exists() and kept.stat().st_mtime_ns > before, process)
    return process


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_killed_then_interrupted_the_same_command_ends_with_the_same_bytes(checkout, tiny):
    content = copy.deepcopy(tiny)
    content["reports"]["rnn_tbptt"]["options"] = {"epochs": 400}
    content["checkpoint_every_s"] = 0  # after every epoch, so that all parts are long enough
    configuration = checkout.configure(content)
    checkout.snakemake(TARGET, "--configfile", configuration)
    folder = checkout.work / RUNS / CONFIGURATION
    in_peace = {name: (folder / name).read_bytes() for name in RECORDS}
    for name in (*RECORDS, "run.json"):
        (folder / name).unlink()

    killed = started(checkout, configuration)
    [process] = training_processes(checkout.work)
    os.kill(process, signal.SIGKILL)
    assert killed.wait(PATIENCE_S) == 1

    interrupted = started(checkout, configuration)
    os.killpg(interrupted.pid, signal.SIGINT)
    assert interrupted.wait(PATIENCE_S) != 0
    assert not training_processes(checkout.work)
    assert not (folder / "run.json").exists()

    checkout.snakemake(TARGET, "--configfile", configuration)
    assert {name: (folder / name).read_bytes() for name in RECORDS} == in_peace
    assert '"resumes": 2' in (folder / "run.json").read_text(encoding="utf-8")
    assert not (checkout.work / CHECKPOINTS / CONFIGURATION).exists()
    assert "Nothing to be done" in checkout.snakemake(TARGET, "--configfile", configuration)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Snakemake waits for its jobs")
def test_kill_of_snakemake_alone_ends_the_training_after_its_epoch(checkout, tiny):
    content = copy.deepcopy(tiny)
    content["reports"]["rnn_tbptt"]["options"] = {"epochs": 10**6}
    content["checkpoint_every_s"] = 0
    killed = started(checkout, checkout.configure(content))
    os.kill(killed.pid, signal.SIGTERM)
    assert killed.wait(PATIENCE_S) == 1
    assert not training_processes(checkout.work)
    log = checkout.work / "results/logs/rnn_tbptt/simulated/train/part_c" / f"{CONFIGURATION}.log"
    printed = log.read_text(encoding="utf-8")
    assert "asked to stop by SIGTERM: after this step" in printed
    assert "interrupted; the same command resumes from here" in printed
    assert (checkout.work / CHECKPOINTS / CONFIGURATION / "checkpoint.safetensors").exists()
