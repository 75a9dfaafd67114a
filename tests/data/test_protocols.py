from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.sequences import Sequences
from harmodels.data.splits import Draw, draw_splits, split_indices
from harmodels.errors import DataError

Make = Callable[..., Sequences]


def _split(sequences: Sequences, draw: Draw, split: str, seed: int = 1) -> np.ndarray:
    return split_indices(draw_splits(sequences, draw, seed=seed, replicates=1), sequences, 0, split)


def test_per_class_tests_as_many_of_each_class_and_trains_on_the_rest(
    make_sequences: Make,
) -> None:
    sequences = make_sequences()
    draw = Draw(protocol="per_class", test_per_class=5, validation_per_class=2)
    for split, count in (("test", 5), ("validation", 2), ("train", 8)):
        assert np.bincount(sequences.labels[_split(sequences, draw, split)]).tolist() == [count] * 3


def test_per_class_draws_from_both_halves(make_sequences: Make) -> None:
    sequences = make_sequences()
    tested = _split(sequences, Draw(protocol="per_class", test_per_class=5), "test")
    assert set(sequences.official_split[tested]) == {"train", "test"}


def test_per_class_depends_on_the_seed_only(make_sequences: Make) -> None:
    sequences = make_sequences()
    draw = Draw(protocol="per_class", test_per_class=5)
    one, again, other = (_split(sequences, draw, "test", seed) for seed in (1, 1, 2))
    assert one.tolist() == again.tolist() != other.tolist()


def test_named_people_form_a_fold(make_sequences: Make) -> None:
    sequences = make_sequences()
    draw = Draw(protocol="subjects", test_subjects=["1", "4"])
    assert set(sequences.subjects[_split(sequences, draw, "test")]) == {"1", "4"}
    assert set(sequences.subjects[_split(sequences, draw, "train")]) == {"0", "2", "3"}


def test_sequences_of_unequal_length_are_drawn(make_sequences: Make) -> None:
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
        (Draw(protocol="subjects", test_subjects=[]), "some people, not all, are tested on"),
        (Draw(protocol="subjects", test_subjects=list("01234")), "some people, not all"),
    ],
)
def test_an_impossible_protocol_is_refused(draw: Draw, message: str, make_sequences: Make) -> None:
    with pytest.raises(DataError, match=message):
        draw_splits(make_sequences(), draw, seed=1, replicates=1)
