"""docs/own-recordings.md: its files and commands, in their order, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import harmodels
from harmodels.files import read_json

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\S+\.py)\n")
NUMBER = re.compile(r"[\d.,]+")


@pytest.fixture(scope="module")
def blocks(repository):
    """Return the blocks of the page as language and text."""
    return BLOCK.findall((repository / "docs/own-recordings.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def walk(blocks, repository, once, tmp_path_factory):
    """Return the folder and what was printed, after every file was written and command run."""
    programs = tmp_path_factory.mktemp("bin")
    main = "import sys; from harmodels.cli import main; sys.argv[0] = 'harmodels'; sys.exit(main())"
    for name, arguments in (("harmodels", f"-c {shlex.quote(main)}"), ("python", "")):
        command = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n'
        (programs / name).write_text(command, encoding="utf-8")
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(repository / "src")}

    def follow(folder):
        for language, text in blocks:
            if language == "python" and (named := FILE.match(text)):
                (folder / named[1]).write_text(text, encoding="utf-8")
            elif language == "sh":
                with (folder / "printed").open("ab") as printed:
                    command = ["sh", "-euc", text]
                    subprocess.run(command, cwd=folder, env=environment, stdout=printed, check=True)

    folder = once("walk", follow)
    return folder, (folder / "printed").read_text(encoding="utf-8")


def test_recordings_with_labels_become_a_model(walk):
    card = read_json(walk[0] / "walks/model.json")["card"]
    assert card["channels"] == ["acc_x", "acc_y", "acc_z"]
    assert card["data"]["worn"] == "a phone at the waist"
    assert card["accuracy"]["value"] > 0.9
    assert card["accuracy"]["people"] == 5


def test_it_prints_what_the_page_shows(walk, blocks):
    """Up to numbers, which depend on the machine, and the order that they decide."""
    (said,) = (text for language, text in blocks if language == "text")
    assert shape(said) <= shape(walk[1])
    agrees = re.search(r"agrees in ([\d.]+)%", walk[1])
    assert agrees
    assert float(agrees[1]) > 95
    for name in ("activities.csv", "activities.svg", "walks.html"):
        assert (walk[0] / name).stat().st_size > 1000


def test_each_form_of_the_labels_gives_the_same_windows(walk):
    found = re.findall(r"([\d,]+) windows of 2.56 s at 50 Hz of 24 people", walk[1])
    column, by_file, by_time = [int(number.replace(",", "")) for number in found][:3]
    assert by_file == column
    assert abs(by_time - column) <= 2  # the last sample of a recording


def test_the_workflow_trains_the_same_network(walk, blocks):
    weights = [walk[0] / f / "two/weights.safetensors" for f in (".", "results/models")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    cards = [read_json(path.with_name("model.json"))["card"] for path in weights]
    assert cards[0]["accuracy"] == cards[1]["accuracy"]
    assert cards[0]["gravity"] == cards[1]["gravity"]
    (entry,) = (text for language, text in blocks if language == "yaml")
    written = (walk[0] / "own/registry.yaml").read_text(encoding="utf-8")
    assert entry == "# own/registry.yaml\n" + written


def shape(text):
    return {" ".join(NUMBER.sub("#", line).split()) for line in text.splitlines()}


def test_the_exported_model_gives_the_same_labels(walk, blocks, monkeypatch):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.chdir(walk[0])
    (program,) = (text for kind, text in blocks if kind == "python" and not FILE.match(text))
    exec(program, {})
    table = pd.read_csv("recordings/p00.csv")[["ax", "ay", "az"]].to_numpy(np.float32) / 9.80665
    windows = table[: len(table) // 128 * 128].reshape(-1, 128, 3).astype(np.float32)
    labels, _ = runtime.InferenceSession("walks.onnx").run(
        None, {"sequences": windows, "lengths": np.full(len(windows), 128)}
    )
    model = harmodels.load("walks")
    assert len(set(labels)) == 3
    assert (labels == model.predict(windows)).all()
