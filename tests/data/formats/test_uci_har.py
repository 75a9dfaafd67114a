from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.formats.uci_har import read, signal_file
from harmodels.errors import DataError

OFFICIAL = "uci-har"
LINES = {"train": 3, "test": 2}


@pytest.fixture
def small(registry):
    classes, channels = ("walking", "sitting"), ("acc_x", "acc_y")
    return replace(registry["uci-har"], classes=classes, channels=channels, units=("g", "g"))


@pytest.fixture
def folder(tmp_path):
    """Values are line + 0.5 in x and −line in y; lines are counted from 1."""
    files = {tmp_path / "activity_labels.txt": "1 WALKING\r\n2 SITTING\r\n"}
    for half, count in LINES.items():
        lines = range(1, count + 1)
        files[tmp_path / half / f"y_{half}.txt"] = "".join(f"{1 + n % 2}\r\n" for n in lines)
        files[tmp_path / half / f"subject_{half}.txt"] = "".join(f"{n + 6}\r\n" for n in lines)
        for channel, sign, offset in (("acc_x", 1, 0.5), ("acc_y", -1, 0.0)):
            rows = [" ".join([f"{sign * n + offset:.7e}"] * 128) for n in lines]
            files[signal_file(tmp_path, half, channel)] = "\r\n".join([*rows, ""])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


def test_windows_come_in_the_order_of_files_and_channels(folder, small):
    sequences = read(small, folder).sequences
    assert sequences.ids.tolist() == [
        f"{h}/{i + 1:05d}" for h, n in LINES.items() for i in range(n)
    ]
    assert sequences.official_split.tolist() == ["train"] * 3 + ["test"] * 2
    assert sequences.subjects.tolist() == ["7", "8", "9", "7", "8"]
    assert sequences.labels.tolist() == [1, 0, 1, 1, 0]
    assert sequences.lengths.tolist() == [128] * 5
    np.testing.assert_array_equal(sequences[1], np.tile(np.float32([2.5, -2.0]), (128, 1)))


SIGNAL = "train/Inertial Signals/acc_x_train.txt"
BROKEN = {
    "short line": (SIGNAL, 1, "1 2", "acc_x_train.txt, line 2: 2 numbers, not 128"),
    "missing line": (SIGNAL, 0, None, "acc_x_train.txt has 2 lines, but y_train.txt has 3"),
    "label outside": ("train/y_train.txt", 2, "3", "y_train.txt, line 3: label 3 is outside 1…2"),
    "broken label": ("train/y_train.txt", 2, "1.5", "y_train.txt, line 3: 1.5 is no whole number"),
    "fewer subjects": ("test/subject_test.txt", 0, None, "t.txt has 1 lines, but y_test.txt has 2"),
    "other classes": ("activity_labels.txt", 1, "2 UP", "line 2: '2 UP', not '2 SITTING'"),
    "more classes": ("activity_labels.txt", 1, "2 SITTING\n3 LAYING", "s.txt: 3 classes, not 2"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_the_line(case, folder, small, edit):
    file, place, line, message = BROKEN[case]
    new = [] if line is None else [line]
    edit(folder / file, lambda lines: [*lines[:place], *new, *lines[place + 1 :]])
    with pytest.raises(DataError, match=message):
        read(small, folder)


@pytest.mark.mirror
def test_the_real_recordings_have_their_published_counts(official):
    sequences, card = official
    assert {half: list(counts.values()) for half, counts in card["counts"].items()} == {
        "train": [1226, 1073, 986, 1286, 1374, 1407],
        "test": [496, 471, 420, 491, 532, 537],
    }
    # standing upright, gravity lies along x of the phone at the waist
    upright = sequences.labels == sequences.facts.classes.index("standing")
    vertical = sequences.padded()[upright][:, :, 0].mean()
    assert vertical == pytest.approx(1.0, abs=0.05)
