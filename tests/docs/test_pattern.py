"""The example workflow of docs/patterns: survives SIGKILL, reruns what imports a changed module."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def example(repository, tmp_path):
    folder = tmp_path / "example"
    shutil.copytree(
        repository / "docs/patterns/interruptible",
        folder,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return folder


def command(example, work, *arguments):
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(example / "Snakefile")),
        *("--directory", str(work), "--cores", "1", *arguments),
    ]


def run(example, work, *arguments):
    done = subprocess.run(
        command(example, work, *arguments), capture_output=True, text=True, check=False, timeout=300
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


def test_a_job_killed_in_mid_rule_resumes_and_writes_the_same_bytes(example, tmp_path):
    steps = ("--config", "steps=1500")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for work in (killed, whole):
        work.mkdir()
    process = subprocess.Popen(
        command(example, killed, *steps),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    checkpoint = killed / "checkpoints/train/checkpoint.safetensors"
    until = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()
    assert not (killed / "results/weights.safetensors").exists()

    run(example, killed, "--unlock")
    resumed = run(example, killed, "--rerun-incomplete", *steps)
    assert "begins at step" in resumed
    assert "begins at step 0\n" not in resumed
    run(example, whole, *steps)
    for name in ("results/weights.safetensors", "results/summary.txt"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert not checkpoint.exists()


def test_a_changed_module_reruns_exactly_the_rules_that_import_it(example, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    run(example, work, "--config", "steps=5")

    def planned_after(module, text):
        """Rules planned after a line is added to a module, which is then restored."""
        path = example / "model" / module
        before = path.read_text() if path.exists() else None
        path.write_text((before or "") + text)
        printed = run(example, work, "--dry-run", "--config", "steps=5")
        path.unlink() if before is None else path.write_text(before)
        return {name for name in ("train", "summarise") if f"rule {name}:" in printed}

    assert planned_after("descent.py", "") == set()
    assert planned_after("unused.py", "x = 1\n") == set()
    assert planned_after("summary.py", "# another line\n") == {"summarise"}
    # noise.py is imported by descent.py only; summarise follows because its input will change
    assert planned_after("noise.py", "# another line\n") == {"train", "summarise"}


def test_the_example_is_sixty_lines_of_workflow(example):
    lines = [
        line
        for path in (example / "Snakefile", *sorted((example / "scripts").glob("*.py")))
        for line in path.read_text().splitlines()
        if line.strip()
    ]
    assert len(lines) <= 60


def test_the_modules_of_the_pattern_know_no_word_of_activity_recognition(repository):
    source = repository / "src/harmodels"
    words = ("activit", "recording", "sensor", "accelero", "network", "replicate")
    for module in ("runtime/checkpoints.py", "runtime/signals.py", "pipeline/imported_code.py"):
        text = (source / module).read_text().lower()
        assert not [word for word in words if word in text], module
