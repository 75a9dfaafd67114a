"""Every command and writer with its inputs as outputs: refused, and nothing is changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from harmodels import GRUClassifier, ModelCard, TrainingData, cli, files
from harmodels.commands import parser
from harmodels.errors import HarmodelsError

CARD = ModelCard(
    ("acc_x", "acc_y", "acc_z"), ("g",) * 3, 50.0, TrainingData("toy", True), 20, 10
)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    """Return a small trained network."""
    X = np.random.default_rng(0).normal(size=(12, 20, 3))
    return GRUClassifier(2, epochs=1, random_state=0).fit(X, ["sit", "walk"] * 6)


@pytest.fixture
def place(model, tmp_path, monkeypatch):
    """Return a folder with a recording, its truth, models, results and recordings to train on."""
    monkeypatch.chdir(tmp_path)
    for name in ("model", "other", "walk.html"):
        model.save(name, CARD)
    walk = "t,ax,ay,az\n" + "".join(f"{i / 50},{i % 7 / 10},0.1,0.9\n" for i in range(200))
    Path("walk.csv").write_text(walk)
    Path("truth.csv").write_text("start,end,label\n0,4,sit\n")
    Path("link.csv").symlink_to("walk.csv")
    os.link("walk.csv", "hard.svg")
    os.link("model/weights.safetensors", "hard.html")
    for name in ("walks", "results", "older", "mine.csv", "mine.svg", "mine.html", "mine.onnx"):
        Path(name).mkdir()
        Path(name, "a.csv").write_text(walk)
    Path("results/ro-crate-metadata.json").mkdir()
    Path("own").write_text("mine")
    return tmp_path


CLASSIFY = "classify walk.csv --model model --truth truth.csv"
TRAIN = "train walks --label activity --person person"
DIFF = "diff results older"
REFUSED = [
    *(f"{CLASSIFY} --out {out}" for out in (
        "walk.csv", "./walks/../walk.csv", "link.csv", "truth.csv", "hard.svg", "mine.csv", "model",
        "model/model.json", "model/a.csv", "other/model.json", "other/weights.safetensors",
        "own/a.csv",
    )),
    *(f"{CLASSIFY} --plot {out}" for out in (
        "walk.csv", "hard.svg", "mine.svg", "model/a.svg", "walk.jpg", "picture", "own/a.png",
    )),
    f"{CLASSIFY} --out same.svg --plot same.svg",
    f"{CLASSIFY} --out same.svg --plot ./walks/../SAME.svg",
    *(f"live model --out {out}" for out in (
        "model/page.html", "walk.html", "mine.html", "hard.html", "own/a.html", "walk.csv", "model",
    )),
    "live walk.html --out walk.html",
    *(f"{DIFF} --csv {out}" for out in (
        "results/a.csv", "older/a.csv", "older/new.csv", "mine.csv", "other/model.json", "results",
        "own/a.csv",
    )),
    "crate results",
    *(f"{TRAIN} --out {out}" for out in ("own", "walks/a.csv", "results", "walk.csv", "own/a")),
    *(f"{TRAIN} --out new --configuration {out}" for out in ("own", "walk.csv", "own/a")),
]  # fmt: skip
# Options that are paths and not written to.
READ = {"registry", "config", "root", "folder", "model", "left", "recording", "recordings", "truth"}
WRITTEN = {"out", "plot", "csv", "configuration"}


def snapshot(folder):
    return {
        str(path): path.is_file() and (path.stat().st_ino, path.read_bytes())
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("words", REFUSED)
def test_a_command_refuses_before_any_work_what_would_destroy_something(words, place, capsys):
    before = snapshot(place)
    assert cli.main(words.split()) in (1, 2)
    printed = capsys.readouterr()
    assert printed.err.startswith("harmodels: error: ")
    assert any(option in printed.err for option in ("--out", "--plot", "--csv", "--conf", "crate"))
    assert printed.out == ""
    assert snapshot(place) == before


def test_every_path_of_every_command_is_read_or_refused_here():
    actions = [
        (name, action)
        for name, command in parser()._subparsers._group_actions[0].choices.items()
        for action in command._actions
        if action.type is Path
    ]
    assert {action.dest for _, action in actions} <= READ | WRITTEN
    for name, action in actions:
        if action.dest in WRITTEN:
            (option, *_) = action.option_strings
            assert any(words.split()[0] == name and f" {option} " in words for words in REFUSED)


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("own", "own is a file; name a folder that is new"),
        ("walk.csv", "walk.csv is a file"),
        ("own/new", "own/new: nothing can be written in"),
        ("pipe", "pipe is a file"),
    ],
)
def test_save_refuses_a_folder_that_is_none(target, named, model, place):
    os.mkfifo("pipe")
    before = snapshot(place)
    with pytest.raises(HarmodelsError, match=named):
        model.save(target)
    assert snapshot(place) == before


def test_a_full_disk_is_named_before_any_work(model, place, monkeypatch):
    monkeypatch.setattr(files, "LEAST_SPACE", 2**62)
    for write, target in ((model.save, "new"), (model.to_onnx, "new.onnx")):
        with pytest.raises(HarmodelsError, match=f"{target}: nothing can be written in"):
            write(target)


@pytest.mark.parametrize(
    "target", ["mine.onnx", "walk.csv", "model/model.json", "own/a.onnx", "model", "net"]
)
def test_to_onnx_refuses_what_is_no_file_of_its_own(target, model, place):
    pytest.importorskip("onnx")
    before = snapshot(place)
    with pytest.raises(HarmodelsError, match="the path "):
        model.to_onnx(target)
    assert snapshot(place) == before


def test_to_onnx_writes_through_a_device(model, place):
    pytest.importorskip("onnx")
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    model.to_onnx("pipe")
    assert b"harmodels" in os.read(reader, 10**6)
    os.close(reader)
    assert Path("pipe").is_fifo()


def test_the_remedies_of_refused_outputs_lead_on(model, place):
    """Another path, a name within the folder, the ending that is asked for."""
    pytest.importorskip("onnx")
    model.to_onnx("mine.onnx/net.onnx")
    model.save("own2/new")
    assert cli.main(["live", "model", "--out", "mine.html/page.html"]) == 0
    assert Path("mine.html/page.html").is_file()
