"""A flipped bit in a result is noticed, and the message says what to do."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmodels.errors import ResultsError
from harmodels.files import read_table, write_table

FRAME = pd.DataFrame(
    {
        "id": [f"test/{i:05d}" for i in range(300)],
        "score_0": np.random.default_rng(0).normal(size=300).astype(np.float32),
    }
)


@pytest.fixture
def path(tmp_path):
    write_table(tmp_path / "a.parquet", FRAME, {"classes": ["sitting", "walking"]})
    return tmp_path / "a.parquet"


def flipped(content, place, bit=2):
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


@pytest.mark.attack("flipped bit in a parquet file")
def test_no_flipped_bit_changes_a_number_unnoticed(path, tries, drawn, outcome):
    whole = path.read_bytes()
    before, metadata = read_table(path)
    noticed = 0
    for _ in range(tries(1000)):
        place, bit = drawn.randrange(len(whole)), drawn.randrange(8)
        path.write_bytes(flipped(whole, place, bit))
        try:
            table, found = read_table(path)
        except ResultsError:
            noticed += 1
            outcome("refused")
        else:  # a bit that nothing reads, as of a statistic or of the program's version
            assert table.to_pydict() == before.to_pydict(), (place, bit)
            assert found == metadata, (place, bit)
            outcome("of the same meaning")
    assert noticed > tries(1000) / 2


def test_without_checksums_a_flipped_bit_would_be_read(path):
    pq.write_table(pa.Table.from_pandas(FRAME), path, compression="none", use_dictionary=False)
    whole = path.read_bytes()
    place = whole.index(FRAME["score_0"].to_numpy().tobytes()) + 3
    path.write_bytes(flipped(whole, place))
    assert not pq.read_table(path).to_pandas().equals(FRAME)


def test_changed_metadata_are_named_as_damage(path):
    table = pq.read_table(path)
    changed = {k: v.replace(b"sitting", b"sittinG") for k, v in table.schema.metadata.items()}
    pq.write_table(table.replace_schema_metadata(changed), path)
    with pytest.raises(ResultsError, match=r"cannot read .*metadata are damaged.*snakemake again"):
        read_table(path)


@pytest.mark.parametrize("columns", [None, ["id"]])
def test_a_renamed_column_is_named_as_damage(columns, path):
    table = pq.read_table(path)
    pq.write_table(table.rename_columns(["id", "score_1"]), path)
    with pytest.raises(ResultsError, match=r"cannot read .*metadata are damaged"):
        read_table(path, columns)


def test_lost_rows_are_named_as_damage(path):
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(ResultsError, match=r"cannot read .*metadata are damaged"):
        read_table(path)


def test_a_table_of_another_program_is_refused(path):
    FRAME.to_parquet(path)
    with pytest.raises(ResultsError, match="another program wrote it"):
        read_table(path)
