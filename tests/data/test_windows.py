import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.dataset import Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.windows import WindowsOfParts, changes

FACTS = SequenceFacts("made up", ("sit", "walk"), ("acc_x",), ("g",), 20.0)


def test_the_first_row_changes_nothing():
    assert changes(np.array(["a", "a", "b", "a"])).tolist() == [False, False, True, True]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(1, 7), st.integers(1, 9))
def test_windows_are_all_those_that_a_plain_loop_finds(lengths, steps, step):
    windows = WindowsOfParts(FACTS, Window(steps=steps, step=step))
    expected = []
    for part, length in enumerate(lengths):
        rows = 100 * part + np.arange(length)
        mine = [rows[i : i + steps].tolist() for i in range(0, length - steps + 1, step)]
        assert windows.cut(rows[:, None], "1/sit", "1", 0) == len(mine)
        expected += mine
    assert len(windows) == len(expected)
    if expected:
        assert windows.sequences().padded()[..., 0].tolist() == expected


def test_parts_of_one_stem_are_numbered_on():
    windows = WindowsOfParts(FACTS, Window(steps=2, step=1))
    for stem, subject, label in (("1/sit", "1", 0), ("1/walk", "1", 1), ("1/sit", "1", 0)):
        windows.cut(np.zeros((3, 1)), stem, subject, label)
    sequences = windows.sequences()
    assert sequences.ids.tolist() == [
        *("1/sit/00001", "1/sit/00002"),
        *("1/walk/00001", "1/walk/00002"),
        *("1/sit/00003", "1/sit/00004"),
    ]
    assert sequences.labels.tolist() == [0, 0, 1, 1, 0, 0]
