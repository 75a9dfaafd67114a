from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.dataset import Normalise
from harmodels.data.formats.fpha import SPLIT, read
from harmodels.data.prepare import describe, read_raw
from harmodels.errors import DataError

LENGTHS = {"Subject_1/stir/1": 3, "Subject_1/write/2": 2, "Subject_2/stir/1": 4}
LINES = ["Training 2", "Subject_1/stir/1 0", "Subject_1/write/2 1", "Test 1", "Subject_2/stir/1 0"]


def _text(frames):
    """Joint j of frame t stands at (t, j, 400) mm."""
    rows = []
    for frame in range(frames):
        joints = " ".join(f"{frame}.0 {joint} 400.0000" for joint in range(21))
        rows.append(f"{frame:04d} {joints} \n")
    return "".join(rows)


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "Hand_pose_annotation_v1"
    for name, frames in LENGTHS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "skeleton.txt").write_text(_text(frames))
    (tmp_path / SPLIT).write_text("\n".join([*LINES, ""]))
    return folder


@pytest.fixture
def small(registry):
    return replace(registry["fpha"], classes=("stir", "write"))


@pytest.mark.parametrize("inside", [False, True])
def test_recordings_come_in_the_order_and_halves_of_the_split_file(inside, raw, small):
    if inside:
        (raw.parent / SPLIT).rename(raw / SPLIT)
    sequences = read(small, raw).sequences
    assert sequences.ids.tolist() == list(LENGTHS)
    assert sequences.lengths.tolist() == list(LENGTHS.values())
    assert sequences.official_split.tolist() == ["train", "train", "test"]
    assert sequences.labels.tolist() == [0, 1, 0]
    assert sequences.subjects.tolist() == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("origin", "wrist", "knuckle", "tip"),
    [
        ("world", [0.02, 0, 4], [0.02, 0.01, 4], [0.02, 0.2, 4]),
        ("first_wrist", [0.02, 0, 0], [0.02, 0.01, 0], [0.02, 0.2, 0]),
        ("wrist", [0, 0, 0], [0, 0.01, 0], [0, 0.2, 0]),
    ],
)
def test_a_row_is_joint_by_joint_as_the_registry_says(origin, wrist, knuckle, tip, raw, small):
    dataset = replace(small, normalise=Normalise(unit_mm=100, origin=origin))
    last = read(dataset, raw).sequences[0][2].reshape(21, 3)
    np.testing.assert_allclose(last[[0, 1, -1]], [wrist, knuckle, tip], atol=1e-6)


def test_recordings_that_are_not_listed_are_counted(raw, small):
    (raw / "Subject_2/stir/2").mkdir()
    (raw / "Subject_2/stir/2/skeleton.txt").write_text(_text(2))
    assert read(small, raw).notes["dropped"] == {"not in the split file": 1}


def test_the_card_states_lengths_joints_and_units(raw, small):
    card = describe(small, *read_raw(small, raw.parent))
    assert card["length"] == {"min": 2, "median": 3.0, "max": 4}
    assert card["joints"] == 21
    assert card["units"] == ("100 mm",) * 63
    assert set(card["sources"]) == {SPLIT, *(f"{raw.name}/{n}/skeleton.txt" for n in LENGTHS)}


def _split(*lines):
    return lambda raw: (raw.parent / SPLIT).write_text("\n".join(lines))


SPLIT_TEXT = r"data_split_action_recognition\.txt, line "
WRONG = {
    "missing joint": (
        lambda raw: (raw / "Subject_2/stir/1/skeleton.txt").write_text("0000 1 2\n"),
        r"stir/1/skeleton\.txt, line 1: 3 numbers, not 64 \(the frame's number and x y z of 21",
    ),
    "missing recording": (
        lambda raw: (raw / "Subject_2/stir/1/skeleton.txt").unlink(),
        SPLIT_TEXT + r"5: Subject_2/stir/1 has no skeleton\.txt",
    ),
    "no split file": (
        lambda raw: (raw.parent / SPLIT).unlink(),
        "is neither beside .* nor inside it",
    ),
    "label outside": (
        _split("Training 1", "Subject_1/stir/1 2", "Test 0"),
        SPLIT_TEXT + "2: label 2 is outside 0…1",
    ),
    "negative label": (
        _split("Training 1", "Subject_1/stir/1 -1", "Test 0"),
        SPLIT_TEXT + "2: label -1 is outside 0…1",
    ),
    "label of another action": (
        _split("Training 1", "Subject_1/stir/1 1", "Test 0"),
        SPLIT_TEXT + "2: label 1 is 'write' in the registry, but the recording shows 'stir'",
    ),
    "malformed line": (
        _split("Training 1", "Subject_1/stir 0", "Test 0"),
        SPLIT_TEXT + "2: 'Subject_1/stir 0' is neither a heading",
    ),
    "climbing path": (
        _split("Training 1", "../stir/1 0", "Test 0"),
        SPLIT_TEXT + r"2: '\.\./stir/1 0' is neither a heading",
    ),
    "before any heading": (_split("Subject_1/stir/1 0"), SPLIT_TEXT + "1: .* below one"),
    "twice": (
        _split("Training 1", LINES[1], "Test 1", LINES[1]),
        SPLIT_TEXT + "4: Subject_1/stir/1 stands on line 2 already",
    ),
    "a heading twice": (
        _split("Training 1", LINES[1], "Training 0"),
        SPLIT_TEXT + "3: a second heading 'Training'",
    ),
    "no test half": (_split(*LINES[:3]), "has no heading 'Test'; is the file truncated"),
    "another number": (
        _split("Training 3", *LINES[1:]),
        SPLIT_TEXT + "1: Training announces 3 recordings, 2 follow",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(case, raw, small):
    change, message = WRONG[case]
    change(raw)
    with pytest.raises(DataError, match=message):
        read(small, raw)


@pytest.mark.parametrize(
    ("numbers", "uneven"), [("012", 0), ("567", 0), ("001", 1), ("023", 1), ("210", 2)]
)
def test_frames_that_repeat_or_are_missing_are_counted(numbers, uneven, raw, small, edit):
    edit(
        raw / "Subject_1/stir/1/skeleton.txt",
        lambda lines: [f"000{n}{line[4:]}" for n, line in zip(numbers, lines, strict=True)],
    )
    notes = read(small, raw).notes
    assert notes["uneven_frames"] == ({"Subject_1/stir/1": uneven} if uneven else {})


def test_a_folder_need_not_bear_the_name_of_its_class(raw, small):
    named = replace(small, classes=("Stir the tea", "Write!"))
    assert read(named, raw).sequences.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize("line", ["Subject_2/stir/1 1", "Subject_2/pour/1 0"])
def test_a_folder_name_stands_for_one_label(line, raw, small):
    named = replace(small, classes=("a", "b"))
    (raw.parent / SPLIT).write_text("\n".join([*LINES[:-1], line, ""]))
    with pytest.raises(DataError, match="line 5: label . of the action '(stir|pour)', but"):
        read(named, raw)


def test_the_card_says_who_is_in_training_and_test_data(raw, small):
    lines = ["Training 2", *LINES[1:3], "Test 1", "Subject_2/stir/1 0", ""]
    (raw.parent / SPLIT).write_text("\n".join(lines))
    assert describe(small, *read_raw(small, raw.parent))["subjects_in_both"] == []
    lines = ["Training 2", "Subject_1/stir/1 0", "Subject_2/stir/1 0", "Test 1", LINES[2], ""]
    (raw.parent / SPLIT).write_text("\n".join(lines))
    assert describe(small, *read_raw(small, raw.parent))["subjects_in_both"] == ["1"]
