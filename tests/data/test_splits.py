from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harmodels.data.splits import Draw, draw_splits, split_indices
from harmodels.errors import DataError

DRAW = Draw(train_per_class=8, test_per_class=4, validation_per_class=2)


def _ids(frame, replicate, split):
    mine = frame[(frame["replicate"] == replicate) & (frame["split"] == split)]
    return set(mine["id"])


def test_every_class_gives_the_number_asked_for(make_sequences):
    sequences = make_sequences()
    frame = draw_splits(sequences, DRAW, seed=1, replicates=2)
    for split, count in (("train", 6), ("validation", 2), ("test", 4)):
        labels = sequences.labels[split_indices(frame, sequences, 1, split)]
        assert np.bincount(labels).tolist() == [count] * 3


def test_a_draw_lists_each_sequence_once_in_its_official_half(make_sequences):
    frame = draw_splits(make_sequences(), DRAW, seed=1, replicates=3)
    assert list(frame.columns) == ["replicate", "id", "split"]
    assert frame["replicate"].dtype == np.int16
    assert not frame.duplicated(["replicate", "id"]).any()
    assert all(name.startswith("test/") for name in _ids(frame, 0, "test"))
    assert all(name.startswith("train/") for name in _ids(frame, 0, "train"))


def test_replicates_share_test_and_training_but_not_validation(make_sequences):
    frame = draw_splits(make_sequences(), DRAW, seed=1, replicates=2)
    assert _ids(frame, 0, "test") == _ids(frame, 1, "test")
    pools = [_ids(frame, r, "train") | _ids(frame, r, "validation") for r in (0, 1)]
    assert pools[0] == pools[1]
    assert _ids(frame, 0, "validation") != _ids(frame, 1, "validation")


@pytest.mark.parametrize("validation", ["sequences", "subjects"])
@pytest.mark.parametrize("protocol", ["official", "subjects", "random"])
def test_more_replicates_are_drawn_without_drawing_the_first_again(
    validation, protocol, make_sequences
):
    draw = Draw(protocol=protocol, validation_per_class=2, validation=validation)
    few, more, all_ = (
        draw_splits(make_sequences(), draw, seed=1, replicates=replicates, first=first)
        for replicates, first in ((5, 0), (15, 5), (20, 0))
    )
    pd.testing.assert_frame_equal(pd.concat([few, more], ignore_index=True), all_)


def test_another_seed_draws_others_and_null_takes_all(make_sequences):
    sequences = make_sequences()
    one, two = (draw_splits(sequences, DRAW, seed=s, replicates=1) for s in (1, 2))
    assert set(one["id"]) != set(two["id"])
    assert set(draw_splits(sequences, Draw(), seed=1, replicates=1)["id"]) == set(sequences.ids)


def test_a_smaller_draw_is_part_of_a_larger_one(make_sequences):
    small = draw_splits(make_sequences(), Draw(4, 2), seed=1, replicates=1)
    large = draw_splits(make_sequences(), Draw(8, 4), seed=1, replicates=1)
    assert _ids(small, 0, "train") < _ids(large, 0, "train")
    assert _ids(small, 0, "test") < _ids(large, 0, "test")


@pytest.mark.parametrize("protocol", ["subjects", ("official", "subjects"), ["subjects", "random"]])
def test_nobody_is_trained_and_tested_on(protocol, make_sequences):
    sequences = make_sequences(halves=False)
    frame = draw_splits(sequences, Draw(protocol=protocol), seed=1, replicates=1)
    people = [
        set(sequences.subjects[split_indices(frame, sequences, 0, s)]) for s in ("train", "test")
    ]
    assert not people[0] & people[1]
    assert people[0] | people[1] == set("01234")


def test_the_first_protocol_is_taken_that_the_data_set_allows(make_sequences):
    draw = Draw(protocol=["official", "per_class"], test_per_class=2)
    halves = draw_splits(make_sequences(), draw, seed=1, replicates=1)
    assert all(name.startswith("test/") for name in _ids(halves, 0, "test"))
    whole = make_sequences(halves=False)
    drawn = draw_splits(whole, draw, seed=1, replicates=1)
    alone = draw_splits(whole, replace(draw, protocol="per_class"), seed=1, replicates=1)
    pd.testing.assert_frame_equal(drawn, alone)


def test_people_are_tested_on_who_leave_enough_of_each_class(make_sequences):
    sequences = make_sequences(halves=False)
    # two people have all of a class, so that a set with neither or both of them leaves none of it
    others = (sequences.labels == 0) & ~np.isin(sequences.subjects, ["3", "4"])
    scarce = replace(sequences, labels=np.where(others, 1, sequences.labels))
    draw = Draw(1, 1, protocol="subjects", test_fraction=0.4)
    tested = []
    for seed in range(8):
        frame = draw_splits(scarce, draw, seed=seed, replicates=1)
        rows = split_indices(frame, scarce, 0, "test")
        tested.append(scarce.subjects[rows][scarce.labels[rows] == 0].item())
    assert set(tested) == {"3", "4"}
    with pytest.raises(DataError, match="class class0 has . train .*asks for 100; ask for fewer"):
        draw_splits(scarce, replace(draw, train_per_class=100), seed=1, replicates=1)


def test_a_random_split_keeps_the_classes_in_proportion(make_sequences):
    sequences = make_sequences(20)
    draw = Draw(protocol="random", test_fraction=0.2)
    frame = draw_splits(sequences, draw, seed=1, replicates=1)
    tested = sequences.labels[split_indices(frame, sequences, 0, "test")]
    assert np.bincount(tested).tolist() == [6, 6, 6]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Draw(11, 4), r"class class0 has 10 train .*draw\.train_per_class asks for 11"),
        (Draw(8, 6), r"class class0 has 5 test .*draw\.test_per_class asks for 6"),
        (Draw(8, 4, 8), "class0 has 8 training .*asks for 8 of them and would leave none"),
        (Draw(protocol="sideways"), "'sideways' should be one of official, subjects, leave_one"),
        (Draw(protocol="subjects", test_fraction=0.99), "cannot be split with test_fraction 0.99"),
    ],
)
def test_an_impossible_draw_is_refused(draw, message, make_sequences):
    with pytest.raises(DataError, match=message):
        draw_splits(make_sequences(), draw, seed=1, replicates=1)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Draw(protocol="official"), "no official split; use protocol"),
        (Draw(protocol="subjects"), "does not say"),
        (
            Draw(protocol="random", validation_per_class=2, validation="subjects"),
            "toy does not say .* use draw.validation: sequences",
        ),
    ],
)
def test_halves_and_people_that_are_not_known_cannot_be_drawn_by(draw, message, make_sequences):
    sequences = make_sequences(halves=False)
    sequences = replace(sequences, subjects=np.full(len(sequences), ""))
    with pytest.raises(DataError, match=message):
        draw_splits(sequences, draw, seed=1, replicates=1)


def test_indices_are_those_of_the_ids(make_sequences):
    sequences = make_sequences()
    frame = draw_splits(sequences, DRAW, seed=1, replicates=2)
    rows = split_indices(frame, sequences, 1, "train")
    assert rows.dtype == np.int64
    assert (np.diff(rows) > 0).all()
    assert set(sequences.ids[rows]) == _ids(frame, 1, "train")


def test_splits_of_other_sequences_or_replicates_are_refused(make_sequences):
    frame = draw_splits(make_sequences(), DRAW, seed=1, replicates=1)
    with pytest.raises(DataError, match="no replicate 1"):
        split_indices(frame, make_sequences(), 1, "train")
    frame["id"] = "other/" + frame["id"]
    with pytest.raises(DataError, match="'other/.*toy does not hold"):
        split_indices(frame, make_sequences(), 0, "train")
