from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.folds import draw_fold_splits, fold_draws, subjects_of
from harmodels.data.hold_out import hold_out_subjects
from harmodels.data.splits import Draw, draw_splits, split_indices
from harmodels.errors import DataError


def _split(sequences, draw, split, seed=1):
    return split_indices(draw_splits(sequences, draw, seed=seed, replicates=1), sequences, 0, split)


def test_per_class_tests_as_many_of_each_class_and_trains_on_the_rest(make_sequences):
    sequences = make_sequences()
    draw = Draw(protocol="per_class", test_per_class=5, validation_per_class=2)
    for split, count in (("test", 5), ("validation", 2), ("train", 8)):
        assert np.bincount(sequences.labels[_split(sequences, draw, split)]).tolist() == [count] * 3


def test_per_class_draws_from_both_halves_by_the_seed_only(make_sequences):
    sequences = make_sequences()
    draw = Draw(protocol="per_class", test_per_class=5)
    one, again, other = (_split(sequences, draw, "test", seed) for seed in (1, 1, 2))
    assert one.tolist() == again.tolist() != other.tolist()
    assert set(sequences.official_split[one]) == {"train", "test"}


def test_named_people_form_a_fold(make_sequences):
    sequences = make_sequences()
    draw = Draw(protocol="subjects", test_subjects=["1", "4"])
    assert set(sequences.subjects[_split(sequences, draw, "test")]) == {"1", "4"}
    assert set(sequences.subjects[_split(sequences, draw, "train")]) == {"0", "2", "3"}


def test_every_sequence_is_tested_in_exactly_one_fold(make_sequences):
    sequences = make_sequences(halves=False)
    tested = [_split(sequences, draw, "test") for draw in fold_draws(sequences, Draw()).values()]
    assert sorted(np.concatenate(tested).tolist()) == list(range(len(sequences)))


def test_a_fold_tests_one_person_and_trains_and_validates_on_the_others(make_sequences):
    sequences = make_sequences()
    folds = fold_draws(sequences, Draw(validation_per_class=3, validation="subjects"))
    assert list(folds) == ["0", "1", "2", "3", "4"]
    for person, draw in folds.items():
        people = [
            set(sequences.subjects[_split(sequences, draw, split)])
            for split in ("test", "validation", "train")
        ]
        assert people[0] == {person}
        assert sum(map(len, people)) == 5


def test_people_are_listed_in_the_order_of_counting(make_sequences):
    sequences = make_sequences()
    numbers = np.array(["10", "2", "1", "30", "4"])[sequences.subjects.astype(int)]
    people = subjects_of(replace(sequences, subjects=numbers))
    assert people == ("1", "2", "4", "10", "30")


def test_a_person_without_a_class_is_still_a_fold(make_sequences):
    sequences = make_sequences()
    kept = np.flatnonzero((sequences.subjects != "2") | (sequences.labels != 1))
    sequences = sequences.take(kept)
    tested = _split(sequences, fold_draws(sequences, Draw())["2"], "test")
    assert set(sequences.labels[tested]) == {0, 2}


def test_a_data_set_without_people_has_no_folds(make_sequences):
    sequences = make_sequences()
    nobody = replace(sequences, subjects=np.full(len(sequences), ""))
    with pytest.raises(DataError, match="toy does not say .* use protocol: official"):
        fold_draws(nobody, Draw())


def test_nobody_is_trained_and_validated_on(make_sequences):
    sequences = make_sequences(50)
    draw = Draw(validation_per_class=10, validation="subjects")
    frame = draw_splits(sequences, draw, seed=1, replicates=8)
    held_out = set()
    for replicate in range(8):
        trained, validated = (
            set(sequences.subjects[split_indices(frame, sequences, replicate, split)])
            for split in ("train", "validation")
        )
        assert not trained & validated
        assert trained | validated == set("01234")
        held_out |= validated
    assert len(held_out) > 1  # each replicate holds out people of its own


def test_validation_by_sequence_divides_people(make_sequences):
    sequences = make_sequences(50)
    draw = Draw(validation_per_class=10, validation="sequences")
    rows = (_split(sequences, draw, split) for split in ("train", "validation"))
    trained, validated = (set(sequences.subjects[each]) for each in rows)
    assert trained & validated


def test_people_held_out_come_close_to_the_share_asked_for():
    random = np.random.default_rng(0)
    subjects = np.repeat(np.arange(21), random.integers(10, 700, 21))
    labels = random.integers(0, 6, len(subjects))
    for share in (0.05, 0.1, 0.3):
        held_out = hold_out_subjects(labels, subjects, share, random)
        assert abs(len(held_out) / len(subjects) - share) < 0.01


def test_every_class_is_trained_and_validated_on():
    subjects = np.repeat(np.arange(10), 10)
    # class 1 was recorded of persons 3 and 7 only, so just one of them may be held out
    labels = (np.isin(subjects, [3, 7]) & (np.arange(100) % 2 == 0)).astype(int)
    for seed in range(20):
        held_out = hold_out_subjects(labels, subjects, 0.2, np.random.default_rng(seed))
        assert len({3, 7} & set(subjects[held_out])) == 1


def test_sequences_of_unequal_length_are_drawn(make_sequences):
    sequences = make_sequences()
    lengths = np.arange(len(sequences)) + 1
    unequal = replace(
        sequences,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        values=np.zeros((lengths.sum(), 1), dtype=np.float32),
    )
    draw = Draw(validation_per_class=4)
    rows = _split(unequal, draw, "validation")
    assert len(rows) == 12
    assert unequal.take(rows).lengths.tolist() == (rows + 1).tolist()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Draw(protocol="per_class"), "per_class needs draw.test_per_class"),
        (Draw(protocol="per_class", test_per_class=16), "class0 has 15 test .* asks for 16"),
        (Draw(protocol="per_class", test_per_class=15), "class0 has 0 train sequences"),
        (Draw(test_subjects=["1"]), "test_subjects needs protocol: subjects, not official"),
        (
            Draw(protocol="subjects", test_subjects=["7"]),
            "'7' is nobody in toy; it has 0, 1, 2, 3, 4",
        ),
        (Draw(protocol="leave_one_subject_out"), "tests one person a fold; name that person"),
        (
            Draw(protocol="leave_one_subject_out", test_subjects=["1", "2"]),
            "tests one person a fold",
        ),
        (
            Draw(validation="people"),
            "draw.validation 'people' should be one of sequences, subjects",
        ),
        (Draw(protocol="subjects", test_subjects=[]), "some people, not all, are tested on"),
        (Draw(protocol="subjects", test_subjects=list("01234")), "some people, not all"),
    ],
)
def test_an_impossible_protocol_is_refused(draw, message, make_sequences):
    with pytest.raises(DataError, match=message):
        draw_splits(make_sequences(), draw, seed=1, replicates=1)


@pytest.mark.parametrize(
    ("subjects", "message"),
    [
        ("aaaabbbbcccc", "no 1 of 3 people can be held out .* every class"),
        ("aaaa", "needs two people to train on, and there is 1"),
    ],
)
def test_people_who_cannot_be_held_out_are_refused(subjects, message):
    people = np.array(list(subjects))
    with pytest.raises(DataError, match=message):  # class 1 was recorded of one person
        hold_out_subjects((people == "a").astype(int), people, 0.3, np.random.default_rng(0))


def test_the_splits_of_all_folds_name_the_person_tested(make_sequences):
    sequences = make_sequences()
    people = subjects_of(sequences)
    frame = draw_fold_splits(sequences, Draw(), people, seed=1, replicates=2, first=3)
    assert set(frame["replicate"]) == {3, 4}
    subjects = dict(zip(sequences.ids, sequences.subjects, strict=True))
    tested = frame[frame["split"] == "test"]
    assert (tested["id"].map(subjects) == tested["fold"]).all()
    assert sorted(tested.loc[tested["replicate"] == 3, "id"]) == sorted(sequences.ids)


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: (*p, "nobody")])
def test_people_that_the_registry_has_wrong_are_refused(make_sequences, change):
    sequences = make_sequences()
    people = change(subjects_of(sequences))
    with pytest.raises(DataError, match="correct the key subjects"):
        draw_fold_splits(sequences, Draw(), people, seed=1, replicates=1)
