import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.windows import changes, cut_windows, number_segments, rows_of_windows


@pytest.mark.parametrize(
    ("segments", "steps", "step", "starts"),
    [
        ([0, 0, 0, 0, 0, 1, 1, 1, 2, 2], 2, 2, [0, 2, 5, 8]),
        ([0] * 5, 3, 1, [0, 1, 2]),
        ([0, 0, 1, 1], 3, 3, []),
        ([], 3, 3, []),
    ],
)
def test_each_segment_is_cut_into_whole_windows_from_its_first_row(segments, steps, step, starts):
    assert cut_windows(np.array(segments, dtype=np.int64), steps, step).tolist() == starts


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
