import errno
import os

import numpy as np
import pandas as pd
import pytest

from harmodels import files
from harmodels.errors import ResultsError
from harmodels.provenance.verification.table_size import refuse_large_table


def test_a_block_that_fails_leaves_neither_the_file_nor_a_temporary_one(tmp_path):
    with pytest.raises(RuntimeError), files.atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"


def test_ctrl_c_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_names_the_file_and_the_remedy(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match=r"a\.txt: No space left.*Free some space"):
        files.write_text(tmp_path / "a.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultsError, match="cannot write"):
        files.write_text(tmp_path / "file" / "a.txt", "text")


def test_files_are_readable_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_a_table_and_its_metadata_come_back(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "é"]})
    files.write_table(tmp_path / "t.parquet", frame, {"classes": ["x"]})
    table, metadata = files.read_table(tmp_path / "t.parquet")
    assert table.to_pandas().equals(frame)
    assert metadata == {"classes": ["x"]}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"a": range(1000)})
    for name in ("one", "two"):
        files.write_table(tmp_path / name, frame, {"b": 1, "a": 2})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("damage", [lambda b: b[:50], lambda b: b"", lambda b: b"PAR1 no"])
def test_a_damaged_table_is_named(tmp_path, damage):
    path = tmp_path / "t.parquet"
    files.write_table(path, pd.DataFrame({"a": [1]}))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ResultsError, match=r"t\.parquet.*run snakemake again"):
        files.read_table(path)


def test_a_missing_column_is_an_error(tmp_path):
    files.write_table(tmp_path / "t.parquet", pd.DataFrame({"a": [1]}))
    with pytest.raises(ResultsError):
        files.read_table(tmp_path / "t.parquet", columns=["b"])


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        files.write_json(tmp_path / "a.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ResultsError, match=r"a\.json"):
        files.read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (pd.DataFrame({"replicate": np.zeros(2_000_000, np.int64)}), None),
        (pd.DataFrame({"id": ["a" * 40] * 200_000}), ["id"]),
        (pd.DataFrame({"id": ["a" * 4_000_000] * 10}), ["id"]),
        (pd.DataFrame({"values": [[0.0] * 500_000] * 10}), None),
    ],
)
def test_a_small_file_of_a_large_table_is_refused_before_it_is_read(frame, columns, tmp_path):
    path = tmp_path / "table.parquet"
    files.write_table(path, frame)
    assert path.stat().st_size < 100_000
    refuse_large_table(path, 1 << 30, columns)
    with pytest.raises(ResultsError, match=r"table\.parquet takes at least .* 10 MiB"):
        refuse_large_table(path, 10 << 20, columns)


def test_columns_that_are_not_read_do_not_count(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "values": ["b" * 1_000_000]})
    files.write_table(tmp_path / "table.parquet", frame)
    refuse_large_table(tmp_path / "table.parquet", 10_000, ["id"])


def test_what_is_no_table_cannot_be_measured(tmp_path):
    (tmp_path / "table.parquet").write_text("no table", encoding="utf-8")
    with pytest.raises(ResultsError, match="cannot read"):
        refuse_large_table(tmp_path / "table.parquet", 1 << 30)


@pytest.mark.parametrize(
    ("content", "blob"),  # as `git hash-object` prints them
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_a_git_blob_has_the_hash_that_git_gives_it(content, blob, tmp_path):
    (tmp_path / "file").write_bytes(content)
    assert files.git_blob(tmp_path / "file") == blob


@pytest.fixture
def inputs(tmp_path):
    """Return a recording, a folder of a model, and a table of the truth."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    (tmp_path / "elsewhere.csv").write_text("y")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "acc.csv").symlink_to(tmp_path / "elsewhere.csv")
    for name in ("walk.csv", "truth.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "link.csv").symlink_to("walk.csv")
    os.link(tmp_path / "walk.csv", tmp_path / "hard.csv")
    (tmp_path / "linked").symlink_to("model")
    names = {"the recording": "walk.csv", "the model": "model", "--truth": "truth.csv"}
    return {name: tmp_path / path for name, path in names.items()} | {"app": tmp_path / "app"}


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("walk.csv", "is the recording"),
        ("./model/../walk.csv", "is the recording"),
        ("link.csv", "is the recording"),
        ("hard.csv", "is the recording"),
        ("truth.csv", "is --truth"),
        ("model", "is the model"),
        ("model/model.json", "is in the model"),
        ("model/new/a.csv", "is in the model"),
        ("linked/a.csv", "is in the model"),
        ("elsewhere.csv", "is in app"),
        ("", "is a folder"),
        ("walk.csv/a.csv", "nothing can be written in"),
    ],
)
def test_an_output_that_would_destroy_something_is_refused(out, message, inputs, tmp_path):
    with pytest.raises(ResultsError, match=f"^--out {tmp_path}.* {message}"):
        files.check_outputs({"--out": tmp_path / out, "--plot": None}, inputs)


def test_two_outputs_cannot_be_one_file(inputs, tmp_path):
    (tmp_path / "sub").mkdir()
    outputs = {"--out": tmp_path / "a.svg", "--plot": tmp_path / "sub" / ".." / "A.svg"}
    with pytest.raises(ResultsError, match="--plot .* is the file of --out too"):
        files.check_outputs(outputs, inputs)


def test_other_outputs_are_accepted_and_nothing_is_made(inputs, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    outputs = {"--out": tmp_path / "new" / "a.csv", "--plot": tmp_path / "walk.svg", "-": None}
    files.check_outputs(outputs, inputs | {"none": None})
    files.check_outputs({"--out": tmp_path / "old.csv"}, inputs)
    assert sorted(tmp_path.rglob("*")) == before


def test_pipes_and_devices_are_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.check_outputs({"--out": pipe}, {})
    files.write_text(pipe, "through")
    assert os.read(reader, 99) == b"through"
    assert pipe.is_fifo()
    os.close(reader)
    target = os.open(tmp_path / "target", os.O_WRONLY | os.O_CREAT)
    files.write_text(f"/dev/fd/{target}", "one")
    files.write_text(f"/proc/self/fd/{target}", " two")
    os.close(target)
    assert (tmp_path / "target").read_text() == "one two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe", "target"]
