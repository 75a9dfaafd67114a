import numpy as np
import pandas as pd
import pytest

from harmodels.errors import ResultsError
from harmodels.evaluation.classification import class_recall, macro_f1, subject_accuracy


@pytest.fixture
def three(predictions_of):
    # two sequences of class 0 (one right), one of class 1 (right), none of class 2
    return predictions_of([(0, 0, [1, 0, 0]), (0, 0, [0, 1, 0]), (0, 1, [0, 1, 0])])


def test_macro_f1_is_the_mean_over_all_classes_absent_ones_included(three):
    # F1 of class 0: P=1, R=1/2 → 2/3; of class 1: P=1/2, R=1 → 2/3; of class 2: 0
    assert macro_f1(three)["value"].tolist() == pytest.approx([4 / 9])


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
