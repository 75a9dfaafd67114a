import sys

import numpy as np
import pytest

from harmodels.data.formats.course_h5 import read
from harmodels.errors import DataError

h5py = pytest.importorskip("h5py")


@pytest.fixture
def parts():
    random = np.random.default_rng(0)
    return {
        "trX": random.normal(size=(4, 150, 3)),
        "trY": np.eye(6)[[0, 5, 2, 2]],
        "tstX": random.normal(size=(2, 150, 3)),
        "tstY": np.eye(6)[[1, 3]],
    }


def _write(path, parts):
    with h5py.File(path, "w") as file:
        for name, values in parts.items():
            if values is not None:
                file[name] = values
    return path


@pytest.fixture
def course(registry):
    return registry["course-h5"]


def test_both_halves_are_read(parts, course, tmp_path):
    sequences = read(course, _write(tmp_path / "c.h5", parts)).sequences
    assert sequences.labels.tolist() == [0, 5, 2, 2, 1, 3]
    assert sequences.official_split.tolist() == ["train"] * 4 + ["test"] * 2
    assert sequences.ids[4] == "test/00001"
    np.testing.assert_array_equal(sequences[5], parts["tstX"][1].astype(np.float32))


SHAPE = (4, 150, 3)
WRONG = {
    "transposed": ({"trX": np.zeros((4, 3, 150))}, r"trX has the shape \(4, 3, 150\), not \(N, 15"),
    "flat": ({"tstX": np.zeros(7)}, r"tstX has the shape \(7,\)"),
    "five classes": ({"trY": np.eye(5)[:4]}, r"trY has the shape \(4, 5\), not \(N, 6\)"),
    "counts differ": ({"tstY": np.eye(6)[:3]}, "tstX has 2 sequences, but tstY has 3"),
    "two hot": ({"tstY": np.ones((2, 6))}, "row 0 of tstY is .* not one-hot"),
    "soft labels": ({"tstY": np.full((2, 6), 1 / 6)}, "row 0 of tstY is .* not one-hot"),
    "words": ({"trX": np.full(SHAPE, b"x")}, "trX holds .* not numbers"),
    "NaN": ({"trX": np.full(SHAPE, np.nan)}, "train/00001 holds NaN or infinity"),
    "nothing": ({"tstY": None}, "no data set 'tstY'; it holds trX, trY, tstX|tstX, trX"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_content_is_refused(case, parts, course, tmp_path):
    change, message = WRONG[case]
    with pytest.raises(DataError, match=message):
        read(course, _write(tmp_path / "c.h5", {**parts, **change}))


def test_a_truncated_file_is_called_damaged(parts, course, tmp_path):
    path = _write(tmp_path / "c.h5", parts)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"c\.h5 is no HDF5 file, or is damaged"):
        read(course, path)


def test_without_h5py_the_remedy_is_named(course, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DataError, match=r"pip install 'harmodels\[hdf5\]'"):
        read(course, tmp_path / "c.h5")


ELSEWHERE = {
    "external storage": lambda file: file.create_dataset(
        "trX", SHAPE, "f8", external=[("/etc/passwd", 0, 14400)]
    ),
    "external link": lambda file: file.__setitem__("trX", h5py.ExternalLink("other.h5", "/trX")),
    "soft link": lambda file: file.__setitem__("trX", h5py.SoftLink("/elsewhere/trX")),
    "virtual": lambda file: file.create_virtual_dataset("trX", h5py.VirtualLayout(SHAPE, "f8")),
    "too large": lambda file: file.create_dataset("trX", (10**8, 150, 3), "f4", chunks=(1, 150, 3)),
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_values_kept_outside_the_file_or_too_large_for_the_memory_are_refused(
    kind, parts, course, tmp_path
):
    path = _write(tmp_path / "c.h5", {**parts, "trX": None})
    with h5py.File(path, "a") as file:
        ELSEWHERE[kind](file)
    message = r"is a link, .* copy|is kept in another file, .* copy|has the shape .* more than"
    with pytest.raises(DataError, match=rf"c\.h5: trX ({message})"):
        read(course, path)
