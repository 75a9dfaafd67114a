"""Missing values are filled or cut out, a gap that is too long is refused with its place."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from harmodels import FillGaps, GRUClassifier

nan = np.nan
GAPS = [[nan, 0.0], [nan, nan], [2.0, nan], [3.0, 6.0], [nan, 7.0], [5.0, 8.0], [nan, 9.0]]
FILLED = {
    "interpolate": [[2, 0], [2, 2], [2, 4], [3, 6], [4, 7], [5, 8], [5, 9]],
    "carry": [[2, 0], [2, 0], [2, 0], [3, 6], [3, 7], [5, 8], [5, 9]],
    "cut": [[3, 6], [5, 8]],
}


@pytest.fixture
def gappy(sequences):
    """Return sequences (24, 12, 4) of which a twentieth of the values is missing, and labels."""
    inputs, labels = sequences
    missing = np.random.default_rng(2).random(inputs.shape) < 0.05
    return np.where(missing, nan, inputs), labels


@parametrize_with_checks([FillGaps(), FillGaps("carry")])
def test_it_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("how", FILLED)
def test_gaps_inside_and_at_the_edges_are_filled_or_cut(how):
    (filled,) = FillGaps(how).fit_transform([np.array(GAPS)])
    np.testing.assert_array_equal(filled, FILLED[how])


@pytest.mark.parametrize("how", FILLED)
def test_sequences_without_gaps_stay_what_they_are(how, ragged):
    for sequence, filled in zip(ragged[0], FillGaps(how).transform(ragged[0]), strict=True):
        np.testing.assert_array_equal(filled, sequence)


@pytest.mark.parametrize("how", ["interpolate", "carry"])
def test_an_array_stays_an_array(how, gappy):
    filled = FillGaps(how).fit_transform(gappy[0].astype(np.float32))
    assert (filled.shape, filled.dtype) == ((24, 12, 4), np.float32)
    known = ~np.isnan(gappy[0])
    np.testing.assert_array_equal(filled[known], gappy[0].astype(np.float32)[known])


def test_a_row_of_a_table_is_a_sequence_of_one_channel():
    table = np.array([[1.0, nan, 3.0], [4.0, 5.0, nan]])
    assert FillGaps().fit_transform(table).tolist() == [[1, 2, 3], [4, 5, 5]]
    assert [row.tolist() for row in FillGaps("cut").fit_transform(table)] == [[1, 3], [4, 5]]


def test_frames_keep_their_columns(gappy):
    frames = [pd.DataFrame(each, columns=list("abcd")) for each in gappy[0]]
    model = make_pipeline(FillGaps(), GRUClassifier(4, epochs=1)).fit(frames, gappy[1])
    assert model[-1].feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="columns d, c, b, a"):
        model.predict([frame[list("dcba")] for frame in frames])


def test_what_is_given_is_not_changed(gappy):
    before = gappy[0].copy()
    FillGaps().fit_transform(gappy[0])
    np.testing.assert_array_equal(gappy[0], before)


@pytest.mark.parametrize(
    ("parameters", "sequence", "text"),
    [
        ({"longest": 1}, GAPS, r"X\[1\] lacks 2 steps from step 0 in channel 0, .* longest=1"),
        ({"longest": 0}, [[1.0], [nan]], r"X\[1\] lacks 1 step from step 1 in channel 0"),
        ({}, [[0.0, nan], [0.0, nan]], r"X\[1\] holds no number in channel 1"),
        ({"how": "cut"}, [[0.0, nan], [nan, 0.0]], r"X\[1\] has no step at which every channel"),
        ({}, [[0.0, np.inf], [nan, 0.0]], r"X\[1\] contains infinity"),
        ({"how": "mean"}, GAPS, "how is 'mean'; it is one of 'interpolate', 'carry', 'cut'"),
        ({"longest": -1}, GAPS, "longest is -1; give a number of steps"),
    ],
)
def test_what_cannot_be_filled_is_named(parameters, sequence, text):
    with pytest.raises(ValueError, match=text):
        FillGaps(**parameters).transform([np.ones((3, len(sequence[0]))), np.array(sequence)])


def test_gaps_of_the_longest_length_are_accepted():
    FillGaps(longest=2).transform([np.array(GAPS)])


def test_the_error_of_an_estimator_leads_here(gappy):
    for given in (gappy[0], np.ma.masked_invalid(gappy[0])):
        with pytest.raises(ValueError, match="FillGaps interpolates .*, or cuts"):
            GRUClassifier(4, epochs=1).fit(given, gappy[1])
        GRUClassifier(4, epochs=1).fit(FillGaps().fit_transform(given), gappy[1])


def test_how_is_chosen_by_cross_validation(gappy):
    model = make_pipeline(FillGaps(), GRUClassifier(4, epochs=2, random_state=0))
    search = GridSearchCV(model, {"fillgaps__how": list(FILLED)}, cv=2, error_score="raise")
    assert search.fit(*gappy).cv_results_["mean_test_score"].shape == (3,)
