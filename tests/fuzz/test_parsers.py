"""Whatever stands in a raw file, its parser returns sequences or raises a DataError."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.data.dataset import Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.features.catalogue import catalogue
from harmodels.data.features.tables import read_shipped_features
from harmodels.data.formats.fpha import SPLIT
from harmodels.data.formats.motionsense import ATTITUDE, GRAVITY, INDEX, TURN, USER
from harmodels.data.prepare import describe, read_raw
from harmodels.data.reading.recording import open_recording
from harmodels.data.registry import load_registry
from harmodels.data.sequences import Sequences
from harmodels.data.table_layout import TableLayout
from harmodels.errors import DataError

pytestmark = pytest.mark.attack("damaged recording or features")


FACTS = {"classes": ("walking", "sitting"), "channels": ("x",), "units": ("g",)}


class Recorded(NamedTuple):
    """A folder of raw files, names that an error may give, and what makes a card of the files."""

    raw: Path
    names: tuple[str, str]
    read: Callable[[], str]


def uci_har(registry, raw):
    dataset = replace(registry["simulated"], **FACTS)
    folder = raw / dataset.path
    for half, shift in ("train", 0), ("test", 1):
        lines = [
            " ".join(f"{value: .7e}" for value in np.linspace(-1, 1 - end, 128))
            for end in (shift / 4, 0.5 + shift / 4)  # equal windows are refused
        ]
        (folder / half / "Inertial Signals").mkdir(parents=True)
        (folder / half / "Inertial Signals" / f"x_{half}.txt").write_text("\n".join([*lines, ""]))
        (folder / half / f"y_{half}.txt").write_text("1\n2\n")
        (folder / half / f"subject_{half}.txt").write_text("1\n3\n")
    (folder / "activity_labels.txt").write_text("1 WALKING\n2 SITTING\n")
    return dataset


def wisdm(registry, raw):
    dataset = replace(registry["wisdm"], window=Window(steps=3, step=2, largest_gap_s=0.2))
    lines = [
        f"{user},{name},{49105962326000 + 50_000_000 * time},-0.69,12.68,{time / 7:.4g};"
        for user in (33, 17)
        for name in ("Jogging", "Walking")
        for time in range(1, 8)
    ]
    path = raw / dataset.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))
    return dataset


def motionsense(registry, raw):
    dataset = replace(registry["motionsense"], window=Window(steps=3, step=2))
    names = [INDEX, *ATTITUDE, *GRAVITY, *TURN, *USER]
    for number, name in enumerate(("dws_1/sub_1.csv", "jog_9/sub_24.csv")):
        path = raw / dataset.path / name
        path.parent.mkdir(parents=True)
        rows = [f"{i},0,0,0,0,1,0,{i / 9:.4g},0,0,0.1,{number},-{i}" for i in range(12)]
        path.write_text("\n".join([",".join(names), *rows, ""]))
    return dataset


def sfinge3d(registry, raw):
    dataset = replace(registry["sfinge3d"], classes=("one", "two"))
    rows = [[f"{value:g}" for value in np.linspace(frame, 1, 140)] for frame in range(8)]
    for label in ("1", "2"):
        path = raw / dataset.path / "Dictionary" / label / "1.txt"
        path.parent.mkdir(parents=True)
        own = rows[2 + 2 * int(label) :][:2]  # equal sequences are refused
        path.write_text("".join(";".join(row) + ";\r\n" for row in own))
    path = raw / dataset.path / "Sequences" / "1.txt"
    path.parent.mkdir()
    path.write_text("".join(",".join(row) + "\r\n" for row in rows[:4]))
    path.with_name("sequencesGT.csv").write_text("1,2,2,1,2,1,3,4\n")
    return dataset


def fpha(registry, raw):
    dataset = replace(registry["fpha"], classes=("stir", "write"))
    row = " ".join(f"{value:.4f}" for value in np.linspace(0, 400, 63))
    folder = raw / dataset.path
    for name in ("Subject_1/stir/1", "Subject_2/write/1"):
        (folder / name).mkdir(parents=True)
        (folder / name / "skeleton.txt").write_text(f"0000 {row}\n0001 {row}\n")
    lines = ["Training 1", "Subject_1/stir/1 0", "Test 1", "Subject_2/write/1 1", ""]
    (folder.parent / SPLIT).write_text("\n".join(lines))
    return dataset


def course_h5(registry, raw):
    h5py = pytest.importorskip("h5py")
    with h5py.File(raw / registry["course-h5"].path, "w") as file:
        for half in ("tr", "tst"):
            file[f"{half}X"] = np.zeros((1, 150, 3), dtype=np.float32)
            file[f"{half}Y"] = np.eye(6, dtype=np.float32)[:1]
    return registry["course-h5"]


def _table(registry, raw, name):
    layout = TableLayout(subject="who", label="what", time="t")
    window = Window(steps=4, step=2, largest_gap_s=0.2)
    frame = pd.DataFrame({"t": np.arange(40) / 20, "who": "anna", "x": np.linspace(-1, 1, 40)})
    frame["what"] = np.repeat(["walking", "sitting"], 20)
    path = raw / name
    frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
    facts = {"format": "table", "path": name, "table": layout, "window": window}
    return replace(registry["wisdm"], **FACTS, **facts)


FORMATS = {f.__name__: f for f in (uci_har, wisdm, motionsense, sfinge3d, fpha, course_h5)}
FORMATS |= {
    "csv_table": partial(_table, name="walks.csv"),
    "parquet_table": partial(_table, name="walks.parquet"),
}


@pytest.fixture(scope="module")
def registry(repository):
    return load_registry(repository / "config" / "datasets.yaml")


@pytest.fixture(scope="module", params=FORMATS)
def recorded(request, registry, tmp_path_factory):
    """The folder of raw files of each format, as small as it can be, and what reads it."""
    raw = tmp_path_factory.mktemp(request.param)
    dataset = FORMATS[request.param](registry, raw)

    def read():
        sequences, notes, hashes = read_raw(dataset, raw)
        return json.dumps(describe(dataset, sequences, notes, hashes), allow_nan=False)

    return Recorded(raw, (str(raw), dataset.name), read)


@given(data=st.data())
def test_a_damaged_raw_file_gives_sequences_or_a_data_error(recorded, spoiled, may_refuse, data):
    names = sorted(str(path) for path in recorded.raw.rglob("*") if path.is_file())
    path = Path(data.draw(st.sampled_from(names)))
    before = path.read_bytes()
    try:
        path.write_bytes(data.draw(spoiled(before)))
        with may_refuse(DataError, *recorded.names):
            recorded.read()
    finally:
        path.write_bytes(before)
    recorded.read()


# What a longer search found once: a name of a format, a file, what stood there, what to put there.
FOUND = [
    (uci_har, "y_test.txt", b"1\n", b"9" * 25 + b"\n", "is no whole number"),
    (uci_har, "subject_test.txt", b"3\n", b"9" * 25 + b"\n", "is no whole number"),
    (uci_har, "x_test.txt", b"1.0000000e+00", b"1.0000000e+99", "is not a finite number"),
    (sfinge3d, "sequencesGT.csv", b"1,2,2", b"9" * 5000 + b",2,2", "no list of whole numbers"),
    (sfinge3d, "sequencesGT.csv", b"1,2,2", b"1,2," + b"9" * 300, "no list of whole numbers"),
    (sfinge3d, "1.txt", b";1;", b";1e300;", "is not a finite number"),
    (fpha, "skeleton.txt", b"400.0000", b"1e300", "is not a finite number"),
    (fpha, SPLIT, b"stir/1 0", b"stir/1 " + b"9" * 5000, "is neither a heading"),
    (fpha, SPLIT, b"Training 1", b"Training " + b"9" * 5000, "is neither a heading"),
    (fpha, SPLIT, b"Subject_1", b"Subject_" + b"1" * 300, "is neither a heading"),
]


@pytest.mark.parametrize(("format", "file", "old", "new", "says"), FOUND)
def test_what_was_found_is_an_error_with_the_place(
    format, file, old, new, says, registry, tmp_path
):
    dataset = format(registry, tmp_path)
    path = sorted(tmp_path.rglob(file))[0]
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(DataError, match=rf"{file}, line \d+.*{says}"):
        read_raw(dataset, tmp_path)


def test_a_table_needs_no_metadata_of_the_program_that_wrote_it(registry, tmp_path):
    dataset = FORMATS["parquet_table"](registry, tmp_path)
    path = tmp_path / dataset.path
    table = pq.read_table(path)
    damaged = table.schema.metadata[b"pandas"].replace(b"pandas_type", b"pandas_typU")
    pq.write_table(table.replace_schema_metadata({b"pandas": damaged}), path)
    assert len(read_raw(dataset, tmp_path)[0]) > 0
    recording = open_recording(path, ["x"], ["g"])
    assert sum(len(samples.values) for samples in recording.samples()) == 40


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A window of each half with its features."""
    raw = tmp_path_factory.mktemp("features")
    row = " ".join(f"{value: .4e}" for value in np.linspace(-1, 1, len(catalogue())))
    for half in ("train", "test"):
        (raw / half).mkdir()
        (raw / half / f"X_{half}.txt").write_bytes(f"{row}\n".encode())
    return raw


TWO = Sequences(
    facts=SequenceFacts("toy", ("a",), ("x",), ("g",), 50.0),
    ids=np.array(["train/1", "test/1"]),
    subjects=np.array(["1", "2"]),
    official_split=np.array(["train", "test"]),
    labels=np.array([0, 0]),
    offsets=np.arange(3),
    values=np.zeros((2, 1), dtype=np.float32),
)


@given(data=st.data())
def test_damaged_features_give_a_finite_table_or_a_data_error(shipped, spoiled, may_refuse, data):
    whole = (shipped / "train" / "X_train.txt").read_bytes()
    (shipped / "test" / "X_test.txt").write_bytes(data.draw(spoiled(whole)))
    with may_refuse(DataError, "X_test.txt"):
        table = read_shipped_features(shipped, TWO)
        assert table.shape == (2, len(catalogue()))
        assert np.isfinite(table).all()


def test_a_feature_that_is_not_finite_is_an_error_with_the_line(shipped):
    row = (shipped / "train" / "X_train.txt").read_text()
    (shipped / "test" / "X_test.txt").write_text("inf" + row[row.index(" ", 1) :])
    with pytest.raises(DataError, match=r"X_test\.txt, line 1: holds NaN or infinity"):
        read_shipped_features(shipped, TWO)
