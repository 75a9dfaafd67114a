"""A full disk or a folder that must not be written loses nothing and says what to do."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from harmodels.data.archives.download import fetch
from harmodels.data.archives.extract import extract
from harmodels.data.dataset import Archive
from harmodels.data.registry import load_registry
from harmodels.errors import ResultsError
from harmodels.files import write_json, write_table, write_text
from harmodels.reporting.figures import save_figure
from harmodels.runtime.script import script_job
from harmodels.training.jobs.records import write_weights

REGISTRY = Path(__file__).parents[2] / "config" / "datasets.yaml"
NOISE = np.random.default_rng(0).bytes(100_000)


def drawn():
    figure = Figure()
    figure.add_subplot().imshow(np.frombuffer(NOISE[:40_000], dtype=np.uint8).reshape(200, 200))
    return figure


def downloaded(path, source):
    entry = load_registry(REGISTRY)["fpha"]
    archive = Archive(file=path.name, largest_bytes=10**6, accepted=(source.name,), user_file=True)
    fetch(replace(entry, archive=archive), path, str(source.parent), progress=False)


# from a path and an archive
WRITERS: dict[str, Callable[[Path, Path], object]] = {
    "table.parquet": lambda path, _: write_table(path, pd.DataFrame({"a": list(NOISE)})),
    "table.md": lambda path, _: write_text(path, NOISE.hex()),
    "run.json": lambda path, _: write_json(path, {"a": NOISE.hex()}),
    "weights.safetensors": lambda path, _: write_weights(path, {"w": torch.arange(25_000.0)}, {}),
    "figure": lambda path, _: save_figure(drawn(), path),
    "raw": lambda path, source: extract(source, path, None),
    "archive.zip": downloaded,
}


@pytest.fixture
def source(tmp_path):
    """An archive to be copied or unpacked."""
    (tmp_path / "mirror").mkdir()
    path = tmp_path / "mirror" / "source.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.bin", NOISE)
    return path


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "filling"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_keeps_what_was_there_and_goes_on_once_there_is_space(name, disk, source):
    write, path = WRITERS[name], disk.folder / name
    write(path, source)
    whole = contents(disk.folder)
    assert whole
    if name == "archive.zip":
        path.unlink()  # an archive that is there is not fetched again
        whole = {}
    disk.fill()
    with pytest.raises(ResultsError, match=rf"cannot write .*{name}.*Free some space") as caught:
        write(path, source)
    disk_says = ("No space left", "File too large")
    assert any(words in str(caught.value) for words in disk_says)
    assert contents(disk.folder) == whole
    disk.free()
    write(path, source)
    assert contents(disk.folder)


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_must_not_be_written_is_named(name, read_only, tmp_path, source):
    read_only(tmp_path / "results")
    path = tmp_path / "results" / name
    with pytest.raises(ResultsError, match=rf"cannot write .*results/{name}.*write elsewhere"):
        WRITERS[name](path, source)


def test_a_log_that_cannot_be_written_is_named(script_in, read_only, tmp_path):
    read_only(tmp_path / "logs")
    with (
        pytest.raises(SystemExit, match=r"\[train\] error: cannot write .*job\.log"),
        script_job(script_in(tmp_path / "logs" / "train"), "train"),
    ):
        pytest.fail("the job began without its log")
