"""The picture of a recording: a row a day, from midnight where the times are dates."""

import numpy as np
import pandas as pd
import pytest

from harmodels.recordings.activities import Activities
from harmodels.recordings.timeline import _draw


def activities(days, origin):
    starts = np.arange(0, days * 86400, 600.0)
    return Activities(
        classes=("sit", "walk"),
        starts=starts,
        ends=starts + 600,
        probabilities=np.eye(2, dtype=np.float32)[np.arange(len(starts)) % 2],
        origin=origin,
        recorded_s=days * 86400.0,
        paused_s=0.0,
        rows=0,
        gaps=0,
        recorded_hz=50.0,
    )


def rows(figure):
    """Return the label of each row, and the text of its ticks."""
    figure.canvas.draw()
    return [
        (axes.get_ylabel(), [tick.get_text() for tick in axes.get_xticklabels()])
        for axes in figure.axes
    ]


@pytest.mark.parametrize(
    ("origin", "days"),
    [
        (pd.Timestamp("2024-04-30T09:13", tz="UTC"), ["Tue 30 Apr", "Wed 01 May", "Thu 02 May"]),
        (12.5, ["day 1", "day 2"]),
    ],
)
def test_each_day_is_a_row_with_the_same_hours(origin, days):
    found = rows(_draw(activities(2, origin), "title", "note", None, False))
    assert [day for day, _ in found] == days
    clock = [f"{hour:02}:00" for hour in (*range(0, 24, 2), 0)]
    if origin == 12.5:
        clock = [f"{hour}:00 h" for hour in range(0, 25, 2)]
    assert found[-1][1] == clock
    assert not any(any(ticks) for _, ticks in found[:-1])


def test_a_shorter_recording_is_one_row_with_ticks_at_whole_hours():
    origin = pd.Timestamp("2024-04-30T09:13", tz="UTC")
    ((_, ticks),) = rows(_draw(activities(0.2, origin), "title", "note", None, False))
    assert ticks == ["09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30", "14:00"]  # noqa: E501  # fmt: skip
