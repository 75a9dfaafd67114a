"""A job that runs out of memory says so, says what to do, and blames no file."""

import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from harmodels import files
from harmodels.data.archives.extract import extract
from harmodels.runtime.log import LOGGER
from harmodels.runtime.script import script_job

HUGE = 10**15  # more bytes than any machine has


def ask_of_the_system():
    raise OSError(12, "Cannot allocate memory")


SHORT = {
    "torch": lambda: torch.empty(HUGE),
    "numpy": lambda: np.empty(HUGE),
    "arrow": lambda: pa.allocate_buffer(HUGE),
    "python": lambda: bytearray(HUGE),
    "system": ask_of_the_system,
}


@pytest.fixture(autouse=True)
def _restore_handlers():
    before = LOGGER.handlers
    yield
    LOGGER.handlers = before


@pytest.mark.parametrize("who", SHORT)
def test_want_of_memory_names_the_job_and_the_remedy(who, script_in, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, script_job(script_in(tmp_path), "rnn/toy/part_b"):
        SHORT[who]()
    assert ended.value.code == 1
    for text in (capsys.readouterr().err, (tmp_path / "job.log").read_text()):
        assert "rnn/toy/part_b ran out of memory" in text
        assert "mem_mb" in text
        assert "fewer replicates" in text
        assert "Traceback" not in text


def test_another_runtime_error_is_no_want_of_memory(script_in, tmp_path, capsys):
    with pytest.raises(SystemExit), script_job(script_in(tmp_path), "train"):
        torch.zeros(2) @ torch.zeros(3)
    assert "out of memory" not in capsys.readouterr().err
    assert "Traceback" in (tmp_path / "job.log").read_text()


def short(*_, **__):
    bytearray(HUGE)


def test_a_table_or_an_archive_that_does_not_fit_is_not_called_damaged(tmp_path, monkeypatch):
    files.write_table(tmp_path / "a.parquet", pd.DataFrame({"a": [1]}))
    monkeypatch.setattr(files.pq, "read_table", short)
    with pytest.raises(MemoryError):
        files.read_table(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"A")
    monkeypatch.setattr(zipfile.ZipExtFile, "read", short)
    with pytest.raises(MemoryError):
        extract(tmp_path / "a.zip", tmp_path / "raw", None)
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet", "a.zip"}
