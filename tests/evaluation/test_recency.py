import pandas as pd

from harmodels.evaluation.recency import recency


def predictions(labels, predicted):
    scores = [[float(c == p) for c in range(3)] for p in predicted]
    frame = pd.DataFrame(scores, columns=["score_0", "score_1", "score_2"])
    return frame.assign(label=labels)


def test_the_most_predicted_class_stands_beside_the_newest_label():
    found = recency(predictions([0, 1, 2, 2], [1, 1, 1, 0]), [0, 2, 1])
    assert found == (1, 0.75, 1)


def test_classes_left_out_count_neither_as_sequences_nor_as_labels():
    found = recency(predictions([0, 1, 2, 2], [1, 1, 2, 2]), [0, 1, 2, 2], leave_out=[2])
    assert found == (1, 1.0, 1)
