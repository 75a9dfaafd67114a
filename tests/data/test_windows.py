import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.windows import changes, cut_windows, number_segments, rows_of_windows


def test_a_segment_is_cut_from_its_first_row():
    segments = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    assert cut_windows(segments, 2, 2).tolist() == [0, 2, 5, 8]


def test_windows_overlap_where_the_step_is_smaller():
    assert cut_windows(np.zeros(5, dtype=np.int64), 3, 1).tolist() == [0, 1, 2]


def test_short_segments_give_no_window():
    assert cut_windows(np.array([0, 0, 1, 1]), 3, 3).tolist() == []


def test_no_rows_give_no_window():
    assert cut_windows(np.array([], dtype=np.int64), 3, 3).tolist() == []


def test_a_step_of_zero_is_refused():
    with pytest.raises(ValueError, match="every 0 rows"):
        cut_windows(np.zeros(3, dtype=np.int64), 3, 0)


def test_the_first_row_changes_nothing():
    assert changes(np.array(["a", "a", "b", "a"])).tolist() == [False, False, True, True]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7), st.integers(1, 9))
def test_windows_are_all_those_that_a_plain_loop_finds(breaks, steps, step):
    segments = number_segments(np.array(breaks, dtype=np.bool_))
    expected = []
    for segment in np.unique(segments):
        rows = np.flatnonzero(segments == segment)
        expected += [int(rows[i]) for i in range(0, len(rows) - steps + 1, step)]
    starts = cut_windows(segments, steps, step)
    assert starts.tolist() == expected
    inside = segments[rows_of_windows(starts, steps)]
    assert (inside == inside[:, :1]).all()
