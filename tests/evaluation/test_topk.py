import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.evaluation.predictions import scores_of
from harmodels.evaluation.topk import label_ranks, top_k_accuracy
from harmodels.seeds import Purpose, generator


def test_the_rank_is_the_number_of_classes_ahead_and_of_tied_ones_the_first_is():
    scores = np.array([[0.1, 0.9, 0.5], [3.0, 2.0, 1.0], [0.5, 0.5, 0.1], [0.5, 0.5, 0.1]])
    assert label_ranks(scores, np.array([2, 0, 0, 1])).tolist() == [1, 0, 0, 1]


def test_top_two_with_a_tie_for_second_place_counts_only_the_first_of_them(predictions_of):
    frame = predictions_of([(0, 1, [0.9, 0.5, 0.5]), (0, 2, [0.9, 0.5, 0.5])])
    assert top_k_accuracy(frame, [2])["accuracy"].tolist() == [0.5]


def test_each_replicate_has_its_own_accuracy(predictions_of):
    frame = predictions_of([(3, 0, [1, 0]), (3, 1, [1, 0]), (5, 0, [1, 0])])
    result = top_k_accuracy(frame, [1])
    assert dict(zip(result["replicate"], result["accuracy"], strict=True)) == {3: 0.5, 5: 1.0}


def test_top_k_agrees_with_scikit_learn_where_no_scores_are_equal(predictions_of):
    rng = generator(0, Purpose.SIMULATION)
    labels = np.arange(60) % 6
    frame = predictions_of([(0, int(c), rng.normal(size=6).tolist()) for c in labels])
    ours = top_k_accuracy(frame, [1, 2, 3, 4, 5])["accuracy"].tolist()
    theirs = [
        top_k_accuracy_score(labels, scores_of(frame), k=k, labels=range(6)) for k in range(1, 6)
    ]
    assert ours == pytest.approx(theirs, abs=0)


def test_no_predictions_give_no_accuracies(predictions_of):
    empty = predictions_of([(0, 0, [1, 0])]).iloc[:0]
    assert top_k_accuracy(empty, [1, 2]).empty


def test_a_k_beyond_the_classes_is_refused(predictions_of):
    with pytest.raises(ConfigurationError, match="top-3 accuracy of 2 classes"):
        top_k_accuracy(predictions_of([(0, 0, [1, 0])]), [3])


def test_a_missing_score_column_is_named(predictions_of):
    frame = predictions_of([(0, 0, [1, 0, 0])]).drop(columns="score_1")
    with pytest.raises(ResultsError, match="score_0, score_2"):
        scores_of(frame)
