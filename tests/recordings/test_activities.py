"""The table of the windows: labels and times come back as they were."""

import io

import numpy as np
import pandas as pd
import pytest

from harmodels.recordings import activities as module
from harmodels.recordings.activities import Activities, clock, write_activities

NAMES = ('say "sit"', "lie\ndown", "walk, fast", " é ", "a;b", "two\r\nlines", "\r")


@pytest.fixture
def made():
    """Return a function from classes to activities whose labels are all of them, and none."""

    def make(classes, origin=0.0):
        starts = np.arange(len(classes) + 1) * 1.28
        probabilities = np.eye(len(classes) + 1, len(classes), dtype=np.float32)
        probabilities[-1] = np.nan
        return Activities(
            tuple(classes), starts, starts + 2.56, probabilities, origin, 9.0, 0.0, 450, 0, 50.0
        )

    return make


@pytest.mark.parametrize("count", [4, 6, 7])
def test_labels_with_quotes_commas_and_line_ends_come_back(count, made, monkeypatch):
    monkeypatch.setattr(module, "WRITTEN_AT_ONCE", 3)
    stream = io.StringIO(newline="")
    activities = made(NAMES[:count])
    write_activities(stream, activities)
    frame = pd.read_csv(io.BytesIO(stream.getvalue().encode()), keep_default_na=False)
    assert list(frame.columns) == ["start", "end", "label", *NAMES[:count]]
    assert frame["label"].tolist() == [*NAMES[:count], ""]
    np.testing.assert_allclose(frame["start"], activities.starts, atol=6e-4)


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        (0.0, "1.280"),
        (12.5, "13.780"),
        (1_714_564_800.25, "1714564801.530"),
        ("2024-05-01T12:00:00", "2024-05-01T12:00:01.280"),
        ("2024-05-01T12:00:00+02:00", "2024-05-01T12:00:01.280+02:00"),
        ("2024-05-01T12:00:00.25-03:30", "2024-05-01T12:00:01.530-03:30"),
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:01.280+00:00"),
    ],
)
def test_times_are_in_the_clock_of_the_recording(origin, written):
    origin = pd.Timestamp(origin) if isinstance(origin, str) else origin
    assert clock(np.array([0.0, 1.28]), origin)[1] == written


def test_offsets_follow_a_zone_through_the_change_of_the_hour():
    origin = pd.Timestamp("2024-10-27T00:59:59Z").tz_convert("Europe/Berlin")
    assert clock(np.array([0.0, 2.0]), origin).tolist() == [
        "2024-10-27T02:59:59.000+02:00",
        "2024-10-27T02:00:01.000+01:00",
    ]


def test_windows_that_overlap_count_once(made):
    activities = made(["a", "b"])
    np.testing.assert_allclose(activities.seconds, [1.28, 1.28, 2.56])
    assert activities.minutes() == pytest.approx({"a": 1.28 / 60, "b": 1.28 / 60})


def test_windows_that_step_back_are_no_activities(made):
    with pytest.raises(AssertionError):
        Activities(("a",), np.array([2.0, 1.0]), np.array([3.0, 2.0]), np.ones((2, 1)), 0.0, 1, 0, 9, 0, 9)  # noqa: E501  # fmt: skip
