from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.sequences import (
    SequenceFacts,
    Sequences,
    read_sequences,
    read_subjects,
    write_sequences,
)
from harmodels.errors import DataError, ResultsError

FACTS = SequenceFacts("toy", ("a", "b"), ("x", "y"), ("g", "g"), 50.0, simulated=True)


@pytest.fixture
def sequences():
    return Sequences(
        facts=FACTS,
        ids=np.array(["s/1", "s/2", "s/3"]),
        subjects=np.array(["p", "q", "p"]),
        official_split=np.array(["train", "train", "test"]),
        labels=np.array([0, 1, 0]),
        offsets=np.array([0, 2, 3, 6]),
        values=np.arange(12, dtype=np.float32).reshape(6, 2),
    )


def test_writing_and_reading_gives_the_same_sequences(sequences, tmp_path):
    write_sequences(tmp_path / "s.parquet", sequences)
    read = read_sequences(tmp_path / "s.parquet")
    assert read.facts == FACTS
    for name in ("ids", "subjects", "official_split", "labels", "offsets", "values"):
        np.testing.assert_array_equal(getattr(read, name), getattr(sequences, name))


def test_padding_stands_at_the_end(sequences):
    dense = sequences.padded()
    assert dense.shape == (3, 3, 2)
    assert dense[0].tolist() == [[0, 1], [2, 3], [-99, -99]]
    assert dense[1, 1:].tolist() == [[-99, -99], [-99, -99]]
    assert dense[2].tolist() == [[6, 7], [8, 9], [10, 11]]


def test_take_keeps_the_order_asked_for(sequences):
    taken = sequences.take(np.array([2, 0]))
    assert taken.ids.tolist() == ["s/3", "s/1"]
    assert taken[0].tolist() == sequences[2].tolist()
    assert taken.lengths.tolist() == [3, 2]


def test_channels_are_selected_by_name_in_the_order_given(sequences):
    chosen = sequences.select_channels(["y", "x"])
    assert chosen[1].tolist() == [[5, 4]]
    assert chosen.facts.channels == ("y", "x")


def test_an_unknown_channel_is_named_with_those_there_are(sequences):
    with pytest.raises(DataError, match=r"'z'.*x, y"):
        sequences.select_channels(["z"])


def values_with(bad):
    values = np.zeros((6, 2), dtype=np.float32)
    values[4, 1] = bad
    return values


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("values", values_with(np.nan), "s/3 holds NaN or infinity at step 1"),
        ("values", values_with(np.inf), "s/3 holds NaN or infinity at step 1"),
        ("labels", np.array([0, -1, 0]), "s/2 has label -1"),
        ("labels", np.array([0, 2, 0]), "s/2 has label 2"),
        ("labels", np.array([0, 1]), "3 ids but 2 labels"),
        ("ids", np.array(["s/1", "s/1", "s/3"]), "not unique"),
        ("offsets", np.array([0, 3, 3, 6]), "s/2 is empty"),
    ],
)
def test_sequences_that_contradict_themselves_are_refused(sequences, name, values, message):
    with pytest.raises(DataError, match=message):
        replace(sequences, **{name: values})


def test_a_damaged_file_is_named(sequences, tmp_path):
    write_sequences(tmp_path / "s.parquet", sequences)
    (tmp_path / "s.parquet").write_bytes(b"PAR1")
    with pytest.raises(ResultsError, match=r"s\.parquet"):
        read_sequences(tmp_path / "s.parquet")


def test_accelerations_are_read_in_the_unit_asked_for(sequences):
    converted = sequences.in_unit("m/s²")
    assert converted.facts.units == ("m/s²", "m/s²")
    np.testing.assert_allclose(converted.values, sequences.values * 9.80665, rtol=1e-6)
    assert converted.in_unit("m/s²") is converted
    np.testing.assert_allclose(converted.in_unit("g").values, sequences.values, rtol=1e-6)


def test_an_unknown_unit_is_left_alone_and_said(sequences, caplog):
    unknown = replace(sequences, facts=replace(FACTS, units=("as recorded", "1")))
    assert unknown.in_unit("m/s²").facts.units == ("as recorded", "1")
    assert "the unit of the recordings is not known (as recorded)" in caplog.text


def test_people_of_two_data_sets_are_kept_apart(sequences, tmp_path):
    other = replace(sequences, facts=replace(FACTS, dataset="other"))
    for name, each in (("a", sequences), ("b", other)):
        write_sequences(tmp_path / name, each)
    found = read_subjects(tmp_path / "a", tmp_path / "b")
    assert list(found) == ["id", "subject", "dataset"]
    assert found.groupby("dataset").size().to_dict() == {"toy": 3, "other": 3}
    assert found["subject"].tolist() == ["p", "q", "p"] * 2
