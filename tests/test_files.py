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
