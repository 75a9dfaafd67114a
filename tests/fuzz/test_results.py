"""Whatever became of a file under results/, it is read as it was written or named in an error."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences, read_sequences, write_sequences
from harmodels.errors import HarmodelsError, ResultsError
from harmodels.files import read_json, read_table, write_json, write_table
from harmodels.reporting.claims.ledger import LEDGER_COLUMNS, read_claims_csv
from harmodels.reporting.runs.load import load_run
from harmodels.reporting.tables import TableSpec
from harmodels.reporting.tables.cells import CELL_COLUMNS
from harmodels.reporting.tables.write import read_table_csv
from tests.run_files import RUN

pytestmark = pytest.mark.attack("damaged file of results")
TABLE = TableSpec.read({"title": "T", "kind": "top_k", "experiment": "a", "checkpoint": "last"})


SEQUENCES = Sequences(
    facts=SequenceFacts("toy", ("sitting", "walking"), ("x", "y"), ("g", "g"), 10.0),
    ids=np.array(["train/1", "test/1"]),
    subjects=np.array(["1", "é"]),
    official_split=np.array(["train", "test"]),
    labels=np.array([0, 1]),
    offsets=np.array([0, 2, 5]),
    values=np.arange(10, dtype=np.float32).reshape(5, 2),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run with four predictions."""
    folder = tmp_path_factory.mktemp("run")
    history = [(0, epoch, "train", "loss", 1 / epoch) for epoch in (1, 2)]
    columns = ["replicate", "epoch", "split", "metric", "value"]
    write_table(folder / "history.parquet", pd.DataFrame(history, columns=columns))
    predictions = pd.DataFrame({"replicate": [0] * 4, "checkpoint": "last", "split": "test"})
    predictions = predictions.assign(id=list("abcd"), label=[0, 1, 0, 1], score_0=0.1, score_1=0.2)
    write_table(folder / "predictions.parquet", predictions, {"classes": RUN["classes"]})
    write_json(folder / "run.json", RUN)
    return folder


@given(data=st.data())
def test_a_damaged_table_is_noticed(run, spoiled, may_refuse, data):
    whole, metadata = read_table(run / "predictions.parquet")
    before = (run / "predictions.parquet").read_bytes()
    (run / "spoiled.parquet").write_bytes(data.draw(spoiled(before)))
    with may_refuse(ResultsError, "spoiled.parquet"):
        table, found = read_table(run / "spoiled.parquet")
        assert table.column_names != whole.column_names or table.equals(whole)
        assert found == metadata


@given(data=st.data())
def test_a_table_with_other_columns_is_no_sequences(run, may_refuse, data):
    write_sequences(run / "sequences.parquet", SEQUENCES)
    table, metadata = read_table(run / "sequences.parquet")
    frame = table.to_pandas()
    dropped = data.draw(st.sampled_from([*frame.columns, *metadata]))
    content = data.draw(st.sampled_from([None, "", [], {}, [["a"]], 3, -1.5]))
    if dropped in frame:
        frame = frame.drop(columns=dropped) if content is None else frame.assign(**{dropped: "x"})
    elif content is None:
        del metadata[dropped]
    else:
        metadata[dropped] = content
    write_table(run / "other.parquet", frame, metadata)
    with may_refuse(HarmodelsError, "other.parquet", ": "):
        assert len(read_sequences(run / "other.parquet")) == 2


@given(data=st.data())
def test_a_changed_run_record_is_used_or_named(run, changed, may_refuse, data):
    before = (run / "run.json").read_bytes()
    try:
        facts = data.draw(changed(RUN))
        (run / "run.json").write_text(json.dumps(facts, default=str, skipkeys=True), "utf-8")
        with may_refuse(ResultsError, str(run)):
            load_run(run)
    finally:
        (run / "run.json").write_bytes(before)


@given(data=st.data())
def test_damaged_json_is_read_or_named(run, spoiled, may_refuse, data):
    path = run / "spoiled.json"
    path.write_bytes(data.draw(spoiled((run / "run.json").read_bytes())))
    with may_refuse(ResultsError, "spoiled.json"):
        read_json(path)


CSV = {
    "table": (lambda path: read_table_csv(path, TABLE), [*CELL_COLUMNS, "hidden"]),
    "claims": (read_claims_csv, list(LEDGER_COLUMNS)),
}


@pytest.mark.parametrize("kind", CSV)
@given(data=st.data())
def test_a_damaged_csv_is_read_or_named(kind, run, spoiled, may_refuse, data):
    read, columns = CSV[kind]
    lines = [",".join(columns), ",".join("1.5" for _ in columns), ",".join('"ä"' for _ in columns)]
    path = run / "spoiled.csv"
    path.write_bytes(data.draw(spoiled("\n".join([*lines, ""]).encode())))
    with may_refuse(ResultsError, "spoiled.csv"):
        read(path)
