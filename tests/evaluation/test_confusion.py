import numpy as np

from harmodels.evaluation.confusion import (
    confusion_counts,
    frequent_confusions,
    most_predicted_share,
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
