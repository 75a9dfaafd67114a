import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from harmodels.errors import ResultsError
from harmodels.evaluation.classification import class_recall, macro_f1, subject_accuracy


@pytest.fixture
def three(predictions_of):
    # two sequences of class 0 (one right), one of class 1 (right), none of class 2
    return predictions_of([(0, 0, [1, 0, 0]), (0, 0, [0, 1, 0]), (0, 1, [0, 1, 0])])


def test_macro_f1_is_the_mean_over_all_classes_absent_ones_included(three):
    # F1 of class 0: P=1, R=1/2 → 2/3; of class 1: P=1/2, R=1 → 2/3; of class 2: 0
    assert macro_f1(three)["value"].tolist() == pytest.approx([4 / 9])


def test_macro_f1_and_recall_are_those_of_scikit_learn(predictions_of):
    random = np.random.default_rng(5)
    labels = random.integers(0, 6, 60)  # class 6 is never present
    frame = predictions_of([(0, label, random.random(7)) for label in labels])
    predicted = frame[[f"score_{c}" for c in range(7)]].to_numpy().argmax(axis=1)
    classes = list(range(7))
    f1 = f1_score(labels, predicted, labels=classes, average="macro", zero_division=0)
    recall = recall_score(labels, predicted, labels=classes, average=None, zero_division=np.nan)
    assert macro_f1(frame)["value"].tolist() == pytest.approx([f1], rel=1e-12)
    np.testing.assert_allclose(class_recall(frame)["recall"], recall, rtol=1e-12)


def test_the_recall_of_an_absent_class_is_nan(three):
    recall = class_recall(three)["recall"].to_numpy()
    np.testing.assert_array_equal(recall, [0.5, 1.0, np.nan])


def test_recall_of_no_predictions_is_an_empty_frame(three):
    assert class_recall(three.iloc[:0]).columns.tolist() == ["replicate", "label", "recall"]


def test_subject_accuracy_counts_right_answers_of_each_subject(three):
    subjects = pd.DataFrame({"id": ["s0", "s1", "s2"], "subject": ["a", "b", "a"]})
    result = subject_accuracy(three, subjects)
    assert result.to_dict("list") == {
        "replicate": [0, 0],
        "subject": ["a", "b"],
        "accuracy": [1.0, 0.0],
        "sequences": [2, 1],
    }


def test_a_sequence_of_an_unknown_subject_is_named(three):
    subjects = pd.DataFrame({"id": ["s0", "s2"], "subject": ["a", "a"]})
    with pytest.raises(ResultsError, match="'s1'"):
        subject_accuracy(three, subjects)
