"""What was really done: as people write it, in the clock of the recording."""

import numpy as np
import pandas as pd
import pytest

from harmodels.errors import DataError
from harmodels.recordings.activities import Activities
from harmodels.recordings.truth import compare, place_truth, read_truth

CLASSES = ("walking", "walking_upstairs", "sitting")
SPAN_S = 40.0
EPOCH = 1_714_564_800.0
NOON = pd.Timestamp("2024-05-01T12:00+02:00")
WRITTEN = "start,end,label\n0,10,walking\n10,30,sitting\n"


@pytest.fixture
def truth(tmp_path):
    """Return a function from the text of a table to the truth."""

    def read(text, encoding="utf-8"):
        (tmp_path / "truth.csv").write_text(text, encoding=encoding)
        return read_truth(tmp_path / "truth.csv", CLASSES)

    return read


@pytest.fixture
def walked():
    """Return a function from an origin to 20 windows of 2 s: walking until 10 s, then sitting."""

    def activities(origin=0.0):
        starts = np.arange(20) * 2.0
        probabilities = np.zeros((20, 3), np.float32)
        probabilities[:5, 0] = probabilities[5:, 2] = 1
        return Activities(
            CLASSES, starts, starts + 2, probabilities, origin, SPAN_S, 0.0, 2000, 0, 50.0
        )

    return activities


def lines(truth, activities):
    return compare(activities, place_truth(truth, activities.origin, activities.span_s))


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        "start,end,label\n10,30,Sitting\n0,10,WALKING \n",
        "label;end;start\nsitting;30;10\nwalking;10;0\n",
        'Start,End,Label,note\n0,10,walking,"a, b"\n10,30,sitting,\n\n',
    ],
)
def test_order_capitals_and_separators_do_not_matter(text, truth, walked):
    assert lines(truth(text), walked()) == [
        "the truth covers 15 of 20 windows and agrees in 100.0% of them"
    ]


def test_labels_are_compared_as_in_training(truth):
    found = truth("start,end,label\n0,1,Walking  upstairs\n2,3,WALKING_UPSTAIRS\n4,5,running\n")
    assert found.labels == ("walking_upstairs", "walking_upstairs", "running")


def test_labels_that_the_model_does_not_have_are_named(truth, walked):
    said = lines(truth("start,end,label\n0,10,walking\n10,20,running\n"), walked())
    assert said == [
        "the truth covers 10 of 20 windows and agrees in 50.0% of them",
        "labels of the truth that are none of the model's classes: running; the model has walking, "
        "walking_upstairs, sitting",
    ]


def test_windows_without_a_label_do_not_count(truth, walked):
    activities = walked()
    activities.probabilities[3:6] = np.nan
    assert lines(truth(WRITTEN), activities) == [
        "the truth covers 12 of 17 labelled windows and agrees in 100.0% of them"
    ]


@pytest.mark.parametrize(
    ("origin", "first", "second", "note"),
    [
        (0.0, "0", "10", None),
        (5.0, "5", "15", None),
        (EPOCH, "1714564800", "1714564810", None),
        (EPOCH, "0", "10", "seconds since the first sample"),
        (7000.0, "0", "10", "seconds since the first sample"),
        (EPOCH, "2024-05-01T12:00:00Z", "2024-05-01T14:00:10+02:00", None),
        (EPOCH, "2024-05-01 12:00:00", "2024-05-01 12:00:10", "without a zone .* UTC"),
        (NOON, "2024-05-01T12:00:00+02:00", "2024-05-01T10:00:10Z", None),
        (NOON, "2024-05-01T12:00:00", "2024-05-01T12:00:10", r"without a zone .* UTC\+02:00"),
        (NOON, "0", "10", "seconds since the first sample"),
        (NOON, "1714557600", "1714557610", None),
        (NOON.tz_localize(None), "2024-05-01T12:00:00", "2024-05-01T12:00:10", None),
        (NOON.tz_localize(None), "2024-05-01T12:00:00+02:00", "2024-05-01T12:00:10+02:00",
         r"without a zone .* UTC\+02:00"),
    ],
)  # fmt: skip
def test_times_are_those_of_the_recording(origin, first, second, note, truth, walked):
    placed = place_truth(truth(f"start,end,label\n{first},{second},walking\n"), origin, SPAN_S)
    np.testing.assert_allclose([placed.starts[0], placed.ends[0]], [0, 10], atol=1e-6)
    assert len(placed.notes) == (note is not None)
    if note:
        assert pd.Series(placed.notes).str.contains(note).all()
    assert "covers 5 of 20 windows and agrees in 100.0%" in compare(walked(origin), placed)[-1]


def test_a_truth_of_another_time_says_which_times_there_are(truth, walked):
    said = lines(truth("start,end,label\n500,600,walking\n"), walked())
    assert said == [
        "the truth covers none of 20 windows: it goes from 500.000 to 600.000, the recording from "
        "0.000 to 40.000"
    ]


def test_dates_cannot_be_compared_with_seconds(truth):
    found = truth("start,end,label\n2024-05-01T12:00,2024-05-01T12:01,walking\n")
    with pytest.raises(DataError, match="it has dates, and the times of the recording are none"):
        place_truth(found, 0.0, SPAN_S)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "truth.csv"),
        ("start,end,label\n", "no row"),
        ("t,ax,ay\n0,1,2\n", "no column 'start'.* this one has t, ax, ay"),
        ("start,end,label\n0,10,walking\n9,20,sitting\n", "lines 2 and 3 overlap"),
        ("start,end,label\n5,20,sitting\n0,10,walking\n", "lines 2 and 3 overlap"),
        ("start,end,label\n10,5,walking\n", "line 2 does not end after it starts"),
        ("start,end,label\n0,5,walking\n5,10,\n", "line 3 has no label"),
        ("start,end,label\n0,5,walking\n5,soon,sitting\n", "line 3: 'soon' is no time"),
    ],
)
def test_a_wrong_table_is_refused(text, message, truth):
    with pytest.raises(DataError, match=f"--truth .*{message}"):
        truth(text)
