import numpy as np
import pytest

from harmodels.evaluation.confusion import (
    confusion_counts,
    frequent_confusions,
    mistaken_margin,
    most_predicted_share,
    recall_lead,
    row_fractions,
)
from harmodels.evaluation.topk import top_k_accuracy


def test_rows_are_true_classes_and_columns_predicted_ones(predictions_of):
    _, counts = confusion_counts(predictions_of([(0, 0, [0, 1, 0]), (0, 2, [0, 0, 1])]))
    assert counts[0].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_replicates_are_counted_apart_and_in_order(predictions_of):
    replicates, counts = confusion_counts(
        predictions_of([(4, 0, [1, 0]), (1, 1, [1, 0]), (4, 0, [1, 0])])
    )
    assert replicates == [1, 4]
    assert counts.tolist() == [[[0, 0], [1, 0]], [[2, 0], [0, 0]]]


def test_the_diagonal_is_the_top_one_accuracy_even_with_ties(predictions_of):
    frame = predictions_of([(0, 0, [1, 1]), (0, 1, [1, 1]), (0, 1, [0, 1])])
    _, counts = confusion_counts(frame)
    assert np.trace(counts[0]) / 3 == top_k_accuracy(frame, [1])["accuracy"].iloc[0]


def test_a_class_without_sequences_has_fractions_of_zero():
    assert row_fractions(np.array([[3, 1], [0, 0]])).tolist() == [[0.75, 0.25], [0, 0]]


def test_the_most_predicted_share_is_one_for_a_network_stuck_on_one_label():
    counts = np.array([[[5, 0], [5, 0]], [[4, 1], [2, 3]]])
    assert most_predicted_share(counts).tolist() == [1.0, 0.6]


def test_frequent_confusions_come_first_and_equal_ones_in_the_order_of_the_classes():
    counts = np.array([[[9, 1, 0], [2, 9, 1], [0, 0, 9]], [[9, 1, 0], [2, 9, 1], [0, 0, 9]]])
    assert frequent_confusions(counts, 3) == [(1, 0), (0, 1), (1, 2)]
    assert frequent_confusions(counts, 1) == [(1, 0)]


def test_what_was_never_confused_is_no_confusion():
    assert frequent_confusions(np.eye(3, dtype=int)[None], 5) == []
    assert frequent_confusions(np.zeros((0, 3, 3), dtype=int), 5) == []


def test_the_lead_of_a_recall_is_over_the_next_class_and_skips_absent_ones():
    counts = np.array(
        [[[8, 2, 0], [4, 6, 0], [0, 0, 0]], [[1, 9, 0], [0, 10, 0], [0, 0, 0]]], dtype=float
    )
    assert recall_lead(counts, 0).tolist() == pytest.approx([0.2, -0.9])
    assert np.isnan(recall_lead(counts[:, :1].repeat(3, axis=1) * [[[1], [0], [0]]], 0)).all()


def test_wrong_answers_are_added_up_over_the_true_classes():
    counts = np.array([[[5, 1, 4, 0], [2, 1, 7, 0], [0, 0, 9, 1], [3, 3, 3, 1]]])
    # wrong answers of classes 0 and 1: 2, 1, 11, 0
    assert mistaken_margin(counts, [0, 1], 2, most=True) == pytest.approx([(11 - 2) / 14])
    assert mistaken_margin(counts, [0, 1], 3, most=False) == pytest.approx([(0 - 1) / 14])


def test_the_right_answer_is_no_wrong_one():
    counts = np.array([[[90, 1, 9], [0, 1, 0], [0, 0, 1]]])
    assert mistaken_margin(counts, [0], 1, most=True) == pytest.approx([(1 - 9) / 10])
    assert mistaken_margin(counts, [0], 2, most=False) == pytest.approx([(9 - 1) / 10])


def test_without_a_wrong_answer_or_another_class_there_is_no_margin():
    assert np.isnan(mistaken_margin(3 * np.eye(3)[None], [0], 1, most=True)).all()
    assert np.isnan(mistaken_margin(np.array([[[2, 1], [0, 3]]]), [0], 1, most=True)).all()
