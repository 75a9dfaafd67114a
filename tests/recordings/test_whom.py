"""What a card, the command and the live page say of the people behind an accuracy."""

import pytest

from harmodels import ModelCard, TrainingData
from harmodels.errors import ModelError
from harmodels.estimators.exports.card import FOLDS, Accuracy
from harmodels.live.page import accuracy_text
from harmodels.recordings.command import caution

BETWEEN = {"over_people": (0.5, 0.7), "people": 17, "sequences": 90}
ONE = {"people": 1, "sequences": 9}
# what is known → in the command, on the page
CASES = [
    (
        BETWEEN | {"trained_on": 0, "protocol": "subjects"},
        "Accuracy on people it was not trained on: 60.0% (50.0% to 70.0% over people).",
        "60.0% of 90 test windows of 17 people; 95% interval for other people 50.0% to 70.0%",
    ),
    (
        BETWEEN | {"trained_on": 0, "protocol": FOLDS},
        "Accuracy of networks like it on people they were not trained on: 60.0% (50.0% to 70.0% "
        "over people).",
        "60.0% of 90 test windows of 17 people, each tested by a network of the others; this one "
        "was trained on all; 95% interval for other people 50.0% to 70.0%",
    ),
    (
        BETWEEN | {"trained_on": 15, "protocol": "random"},
        "Accuracy on 17 people, 15 of whom it was trained on: 60.0%.",
        "60.0% of 90 test windows of 17 people, 15 of whom it was trained on",
    ),
    (
        BETWEEN | {"trained_on": 17, "protocol": "official"},
        "Accuracy on other data of the 17 people it was trained on: 60.0%.",
        "60.0% of 90 test windows of 17 people, 17 of whom it was trained on",
    ),
    (
        BETWEEN,  # a card of an older version
        "Accuracy on its test data, maybe of people it was trained on: 60.0%.",
        "60.0% of 90 test windows of 17 people, maybe people it was trained on",
    ),
    (
        BETWEEN | {"people": 0, "over_people": None},  # the data name nobody
        "Accuracy on its test data, maybe of people it was trained on: 60.0%.",
        "60.0% of 90 test windows, maybe of people it was trained on",
    ),
    (
        ONE | {"trained_on": 1, "protocol": "per_class"},
        "Accuracy on other data of the person it was trained on: 60.0%.",
        "60.0% of 9 test windows of one person, whom it was trained on",
    ),
    (
        ONE | {"trained_on": 0, "protocol": "subjects"},
        "Accuracy on one person it was not trained on: 60.0%.",
        "60.0% of 9 test windows of one person",
    ),
]


@pytest.mark.parametrize(("known", "said", "shown"), CASES)
def test_other_people_are_claimed_only_where_nobody_tested_was_trained_on(known, said, shown):
    accuracy = Accuracy(value=0.6, **known)
    card = ModelCard(("acc_x",), ("g",), 50.0, TrainingData("toy"), accuracy=accuracy)
    assert caution(card)[-1] == said
    assert accuracy_text(accuracy) == shown


def test_more_people_trained_on_than_tested_are_refused():
    with pytest.raises(ModelError, match="3 of 2 people"):
        Accuracy(0.6, people=2, trained_on=3)
