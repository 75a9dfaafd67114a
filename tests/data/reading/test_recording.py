"""Recordings of one file and of several: what the table of cases does not say."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from harmodels.data.reading.folder import channels_in
from harmodels.data.reading.meaning import Given
from harmodels.data.reading.recording import open_recording
from harmodels.errors import DataError
from tests.recording_cases import CHANNELS, UNITS
from tests.recording_cases.programs import (
    CASES,
    PHYPHOX,
    SI,
    SIX,
    SIX_UNITS,
    TIMES,
    VALUES,
    logger,
    named,
    seconds,
    stamps,
    table,
)

OF_GYRO = ["Time (s)", *named("Gyroscope {} (rad/s)")]


def write(folder, files):
    """Write files of a folder by name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(recording):
    """Return times and values of a recording."""
    parts = list(recording.samples())
    times = np.concatenate([part.times for part in parts])
    return times, np.concatenate([part.values for part in parts])


def lines(names, times, values):
    """Return a table as text."""
    return pd.DataFrame(np.column_stack([times, values]), columns=names).to_csv(index=False)


FOLDERS = [name for name, case in CASES.items() if len(case.files) > 1]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_zip_is_read_like_its_folder(name, tmp_path):
    case = CASES[name]
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file, data in case.files.items():
            archive.writestr(f"2024-05-01/{file}", data)
            archive.writestr(f"__MACOSX/2024-05-01/._{file}", b"\0\5\x16\7")
    recording = open_recording(packed, case.channels, case.units)
    times, values = read(recording)
    np.testing.assert_allclose(times, case.times, rtol=0, atol=case.tolerance)
    np.testing.assert_allclose(values, case.values, rtol=0, atol=case.tolerance)
    assert recording.files == (packed,)


def test_a_gyroscope_is_interpolated_onto_the_clock_of_the_accelerometer(tmp_path):
    """It begins later, ends earlier, has another rate and a pause of half a second."""
    other = np.arange(50, 230) * 0.025
    other = other[(other < 3) | (other > 3.5)]
    line = other[:, None] * [1.0, 2.0, 3.0]
    write(tmp_path, {
        "Accelerometer.csv": lines(PHYPHOX, TIMES, SI),
        "Gyroscope.csv": lines(OF_GYRO, other, line),
    })  # fmt: skip
    recording = open_recording(tmp_path, SIX, SIX_UNITS)
    times, values = read(recording)
    own = times + recording.origin
    np.testing.assert_allclose(own[[0, -1]], [1.26, 5.72])
    assert not ((own > 3) & (own < 3.5)).any()
    np.testing.assert_allclose(values[:, 3:], own[:, None] * [1.0, 2.0, 3.0], atol=1e-12)
    np.testing.assert_allclose(values[:, :3], VALUES[np.rint(own * 50).astype(int)], atol=1e-6)
    assert recording.dropped == len(TIMES) - len(times)
    assert any(
        f"{recording.dropped} of 300 samples are outside" in note for note in recording.notes
    )


def test_a_long_recording_is_joined_as_in_memory(tmp_path):
    """Batches of the two files end at different times, and one begins long before the other."""
    times = np.arange(40_000) / 50
    early = np.arange(-30_000, 90_000) / 110 + 0.003
    acceleration = np.column_stack([np.sin(times), np.cos(times), 0 * times + 9.8])
    turn = np.column_stack([np.sin(early), np.cos(early), early])
    write(tmp_path, {
        "a.csv": lines(PHYPHOX, times, acceleration), "b.csv": lines(OF_GYRO, early, turn),
    })  # fmt: skip
    read_times, values = read(open_recording(tmp_path, SIX, ("m/s2",) * 3 + SIX_UNITS[3:]))
    np.testing.assert_allclose(read_times, times, atol=1e-9)
    np.testing.assert_allclose(values[:, :3], acceleration, atol=1e-9)
    for axis in range(3):
        expected = np.interp(times, early, turn[:, axis])
        np.testing.assert_allclose(values[:, 3 + axis], expected, atol=1e-9)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": table(PHYPHOX, seconds(), SI), "b.csv": table(PHYPHOX, seconds(), SI)},
         "a.csv and b.csv hold the same sensor"),
        ({"a.csv": table(PHYPHOX, seconds(), SI), "b.csv": "start,end,label\n0,1,sit\n1,2,walk\n"},
         r"no file holds gyro_x \(a.csv, b.csv\)"),
        ({"a.csv": table(PHYPHOX, seconds(), SI),
          "b.csv": table(OF_GYRO, seconds(start=100), SI)}, "no time in common .*from 100"),
        ({"a.csv": table(PHYPHOX, seconds(), SI),
          "b.csv": table(["time", *OF_GYRO[1:]], stamps("%Y-%m-%d %H:%M:%S.%f"), SI)},
         "no times of one clock"),
        ({"a.csv": table(PHYPHOX, seconds(), SI), "b.csv": lines(
            OF_GYRO, np.concatenate([TIMES[:150], TIMES[:150]]), SI)}, "b.csv.*clock steps back"),
        ({"Accelerometer.csv": logger(SI), "Gyroscope.csv": logger(SI)},
         "acceleration without gravity, and no file of .* holds gravity.*TotalAcceleration"),
        ({"notes.txt": "a walk in the park\n", "photo.jpg": b"\xff\xd8"}, "holds no table"),
    ],
)  # fmt: skip
def test_files_that_are_no_recording_of_one_app_are_refused(files, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read(open_recording(write(tmp_path, files), SIX, SIX_UNITS))


def test_what_is_not_read_is_named_with_its_reason(tmp_path):
    write(tmp_path, {
        "Accelerometer.csv": table(PHYPHOX, seconds(), SI),
        "Gyroscope.csv": table(OF_GYRO, seconds(), SI),
        "photo.jpg": b"\xff\xd8", "tags.csv": "", ".hidden.csv": "x",
        "._Accelerometer.csv": b"\0\5",
        ".ipynb_checkpoints/Accelerometer-checkpoint.csv": table(PHYPHOX, seconds(), SI),
        "__MACOSX/._x.csv": b"\0\5", "meta/device.csv": "property,value\nversion,1\n",
    })  # fmt: skip
    recording = open_recording(tmp_path, CHANNELS, UNITS)
    why = {path.relative_to(tmp_path).as_posix(): text for path, text in recording.unread.items()}
    assert why == {
        "Gyroscope.csv": "not needed", "photo.jpg": "it is no table",
        "tags.csv": "is empty; bring a whole copy", "meta/device.csv": "no sensor of the model",
    }  # fmt: skip
    assert recording.files == (tmp_path / "Accelerometer.csv",)


def test_units_are_given_for_a_folder_and_columns_choose_its_file(tmp_path):
    write(tmp_path, {
        "a.csv": lines(["t", "ax", "ay", "az"], TIMES, -VALUES * 64),
        "b.csv": lines(["t", "p", "q", "r"], TIMES, VALUES),
    })  # fmt: skip
    recording = open_recording(tmp_path, CHANNELS, UNITS, Given(units={"acc": "-64/g"}))
    np.testing.assert_allclose(read(recording)[1], VALUES, atol=1e-9)
    columns = dict(zip(CHANNELS, "pqr", strict=True))
    recording = open_recording(tmp_path, CHANNELS, UNITS, Given(columns))
    assert recording.files == (tmp_path / "b.csv",)
    with pytest.raises(DataError, match="give that file"):
        open_recording(tmp_path, CHANNELS, UNITS, Given({"time": "t"}))


def test_turned_signs_are_given_for_the_parts_of_an_acceleration(tmp_path):
    files = {name: data for name, data in CASES["sensor_logger_folder_ios"].files.items()
             if name != "Metadata.csv"}  # fmt: skip
    given = Given(units={"acc": "-m/s2"})
    values = read(open_recording(write(tmp_path, files), CHANNELS, UNITS, given))[1]
    np.testing.assert_allclose(values, VALUES, atol=1e-6)


def test_rows_without_a_value_are_left_out_counted_and_named(tmp_path):
    rows = lines(["t", "ax", "ay", "az"], TIMES, VALUES).split("\n")
    rows[5] = "0.08,,1,2"
    rows[7] = "0.12,NaN,1,2"
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(rows))
    recording = open_recording(path, CHANNELS, UNITS)
    times, values = read(recording)
    kept = np.delete(np.arange(len(TIMES)), [4, 6])
    np.testing.assert_allclose(times, TIMES[kept], atol=1e-9)
    np.testing.assert_allclose(values, VALUES[kept], atol=1e-12)
    assert (recording.rows, recording.dropped) == (len(TIMES), 2)
    assert "2 rows that lack a value left out: line 6" in recording.notes[0]


def test_the_rate_is_that_of_the_rows_with_values(tmp_path):
    """Rows of other sensors, which share the table, have cells of their own."""
    ours = [f"{time},{x},{y},{z}," for time, (x, y, z) in zip(TIMES, VALUES, strict=True)]
    others = [f"{time + 0.004},,,,55" for time in TIMES]
    rows = [row for pair in zip(ours, others, strict=True) for row in pair]
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(["t,ax,ay,az,pulse", *rows, ""]))
    recording = open_recording(path, CHANNELS, UNITS)
    times, values = read(recording)
    assert recording.rate_hz == pytest.approx(50, rel=1e-3)
    np.testing.assert_allclose(times, TIMES, atol=1e-9)
    np.testing.assert_allclose(values, VALUES, atol=1e-12)


def test_a_column_that_is_never_filled_is_named(tmp_path):
    path = tmp_path / "walk.csv"
    names = ["t", "ax", "ay", "az", "empty"]
    path.write_text("\n".join([",".join(names), *(f"{t},1,0,0," for t in TIMES), ""]))
    given = Given({"acc_x": "empty", "acc_y": "ay", "acc_z": "az"})
    with pytest.raises(DataError, match="none of 300 rows holds .* in each of empty, ay, az"):
        read(open_recording(path, CHANNELS, UNITS, given))


def test_it_is_shown_how_a_file_was_understood(tmp_path):
    path = tmp_path / "Raw Data.csv"
    path.write_text(table(PHYPHOX, seconds(), SI))
    first, head, *rows = open_recording(path, CHANNELS, UNITS).understood()
    assert first.startswith("Raw Data.csv: written by phyphox; read as --columns 'time=Time (s)")
    assert head.split("  ")[-3:] == ["acc_x (g)", "acc_y (g)", "acc_z (g)"]
    shown = [[float(cell) for cell in row.split()] for row in rows]
    np.testing.assert_allclose(shown, np.column_stack([TIMES, VALUES])[:3], rtol=1e-3)


def test_it_is_shown_how_a_folder_was_understood(tmp_path):
    case = CASES["sensor_logger_folder"]
    first, *files, _head, row = open_recording(
        write(tmp_path, case.files), case.channels, case.units
    ).understood()[:6]
    assert first.endswith("3 files are joined on their times")
    assert "Gravity.csv: written by Sensor Logger; acc_x from x in m/s2" in "\n".join(files)
    assert float(row.split()[1]) == pytest.approx(VALUES[0, 0], rel=1e-3)


@pytest.mark.parametrize("name", ["sensor_logger_folder", "phyphox_folder", "metawear_gyroscope"])
def test_the_channels_of_a_folder_are_those_of_its_files(name, tmp_path):
    assert tuple(channels_in(write(tmp_path, CASES[name].files))) == SIX


def test_a_zip_of_one_file_is_that_file(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("TotalAcceleration.csv", logger(SI))
    path = tmp_path / "one.zip"
    path.write_bytes(packed.getvalue())
    recording = open_recording(path, CHANNELS, UNITS)
    np.testing.assert_allclose(read(recording)[1], VALUES, atol=1e-6)
    assert recording.files == (path,)
