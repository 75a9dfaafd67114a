"""Which column is what: options say the same again, and nothing is guessed."""

import csv
import json
import re
import shlex

import numpy as np
import pytest

from harmodels.data.reading.form import Form, read_form
from harmodels.data.reading.meaning import Given, channels_of, recognise
from harmodels.data.reading.programs import KNOWN, find_sensors, plain_name, sensor_of
from harmodels.errors import DataError
from tests.recording_cases import CHANNELS, UNITS
from tests.recording_cases.programs import CASES, SIX, SIX_UNITS

READ = [name for name, case in CASES.items() if len(case.files) == 1 and case.error is None]


def form(names, *rows, **more):
    """Return the form of a table of these names and rows, as text between commas."""
    sample = tuple(tuple(row.split(",")) for row in rows)
    return Form(tuple(names.split(",")), sample=sample, **more)


def given(options):
    """Return what options of the command say."""
    words = iter(shlex.split(options))
    columns, units, rest = {}, {}, {}
    for option in words:
        text = next(words)
        if option == "--columns":
            columns = dict(cell.split("=", 1) for cell in next(csv.reader([text])))
        elif option == "--unit":
            units |= [text.split("=", 1)]
        elif option == "--time-unit":
            rest["time_unit"] = text
        else:
            assert option == "--rate"
            rest["rate_hz"] = float(text)
    return Given(columns, units, **rest)


@pytest.mark.parametrize("name", READ)
def test_the_options_of_a_meaning_give_the_same_meaning(name, tmp_path):
    case = CASES[name]
    ((file, data),) = case.files.items()
    (tmp_path / file).write_bytes(data)
    read = read_form(tmp_path / file)
    meaning = recognise(read, case.channels, case.units, case.given, file)
    again = recognise(read, case.channels, case.units, given(meaning.options()), file)
    assert again == meaning


@pytest.mark.parametrize("name", [name for name in READ if not name.startswith("names_")])
def test_a_program_is_known_by_its_header(name, tmp_path):
    ((file, data),) = CASES[name].files.items()
    (tmp_path / file).write_bytes(data)
    read = read_form(tmp_path / file)
    known = [entry["name"] for entry in KNOWN["programs"]]
    alike = [each for each in known if re.sub(r"\W", "_", each.lower()) in name]
    assert find_sensors(read, file).program == (alike[0] if alike else "")


def test_names_with_commas_and_blanks_are_quoted():
    rows = ("0,1,2,9", "20,1,2,9")
    read = Form(("t", "Acc, x", "Acc y", "z'"), sample=tuple(tuple(r.split(",")) for r in rows))
    said = Given({"time": "t", "acc_x": "Acc, x", "acc_y": "Acc y", "acc_z": "z'"})
    meaning = recognise(read, CHANNELS, UNITS, said)
    assert recognise(read, CHANNELS, UNITS, given(meaning.options())) == meaning


def test_a_column_of_that_very_name_goes_before_a_sum():
    names, row = "t,a+b,a,b,ay,az", "0,1,2,3,4,9"
    said = Given({"acc_x": "a+b"})
    meaning = recognise(form(names, row, row), CHANNELS, UNITS, said)
    assert meaning.columns["acc_x"] == ("a+b",)
    meaning = recognise(form(names.replace("a+b", "c"), row, row), CHANNELS, UNITS, said)
    assert meaning.columns["acc_x"] == ("a", "b")


@pytest.mark.parametrize(
    ("names", "said", "message"),
    [
        ("t,ax,ay", {}, r"no column for acc_z \(columns: t, ax, ay\).*--columns acc_z=COLUMN"),
        ("ax,ay,az", {}, r"no column of the time.*--columns time=COLUMN.*--rate HZ"),
        ("t,b,ay,az", {"columns": {"acc_x": "bx"}}, "no column 'bx'.*--columns acc_x=bx"),
        ("t,ax,ay,az", {"columns": {"acc_w": "ax"}}, "--columns: unknown channel 'acc_w'"),
        ("t,ax,ay,az", {"units": {"gyro": "deg/s"}}, "--unit gyro=deg/s: the model has acc_x"),
        ("t,ax,ay,az", {"units": {"acc": "furlong"}}, "--unit acc_x=furlong: unknown unit.*8192/g"),
        ("t,ax,ay,az", {"units": {"acc": "deg/s"}}, "deg/s measures angular velocity, but g"),
        ("t,ax,ay,az", {"time_unit": "days?"}, "--time-unit days.*it is one of s, ms"),
        ("t,ax,ay,az", {"time_unit": "iso"}, "'0' in the column t is no time in the form iso"),
        (
            "t,ax,ay,az",
            {"columns": {"time": "t"}, "rate_hz": 50.0},
            "either the column of the time",
        ),
        ("t,x,y,z,x.1,y.1,z.1", {}, "acc_x may be x or x.1; say which"),
        ("t,accel_x,accel_y,accel_z,ax,ay,az", {}, "acc_x may be accel_x or ax; say which"),
        ("hours,minutes,seconds,ax,ay,az", {}, "no column of the time"),
        ("t,mag_x,mag_y,mag_z", {}, r"no column for acc_x \(columns: t, mag_x"),
        ("t,gx,gy,gz", {}, r"no column for acc_x \(columns: t, gx"),
        ("t,body_acc_x,body_acc_y,body_acc_z", {}, "body_acc_x is acceleration without gravity"),
        ("t,ax,ay,acc_z (rad/s)", {}, "acc_z .* measures angular velocity|no column for acc_z"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option_that_helps(names, said, message):
    cells = ["0.1", "0.2", "0.9"] * 2
    rows = [",".join([str(time), *cells][: names.count(",") + 1]) for time in (0, 20)]
    with pytest.raises(DataError, match=message):
        recognise(form(names, *rows), CHANNELS, UNITS, Given(**said))


def test_a_column_of_the_channels_own_name_goes_before_others_alike():
    read = form("t,acc_x,acc_y,acc_z,ax,ay,az", "0,0,0,1,1,1,1", "20,0,0,1,1,1,1")
    assert recognise(read, CHANNELS, UNITS).columns["acc_z"] == ("acc_z",)


def test_a_file_of_a_programs_time_and_of_other_names_is_read_by_these():
    read = form("time,seconds_elapsed,ax,ay,az", "0,0,0,0,1", "20000000,0.02,0,0,1")
    meaning = recognise(read, CHANNELS, UNITS)
    assert (meaning.program, meaning.columns["acc_x"]) == ("", ("ax",))


def test_a_unit_that_nobody_says_is_told_by_the_size_of_gravity():
    rng = np.random.default_rng(3)
    for unit, size in (("g", 1.0), ("m/s2", 9.8)):
        values = size * rng.normal([0, 0.6, 0.8], 0.2, (200, 3))
        rows = [f"{k / 50},{x},{y},{z}" for k, (x, y, z) in enumerate(values)]
        meaning = recognise(form("t,ax,ay,az", *rows), CHANNELS, ("mg",) * 3)
        assert set(meaning.units.values()) == {unit}


def test_without_gravity_the_unit_is_that_of_the_model():
    rng = np.random.default_rng(4)
    values = rng.normal(0, 0.6, (200, 3))  # of the size of gravity in g, in no direction
    rows = [f"{k / 50},{x},{y},{z}" for k, (x, y, z) in enumerate(values)]
    meaning = recognise(form("t,ax,ay,az", *rows), CHANNELS, ("m/s²",) * 3)
    assert set(meaning.units.values()) == {"m/s2"}


def test_a_model_of_user_acceleration_reads_what_is_without_gravity():
    names = "t,userAcceleration.x,userAcceleration.y,userAcceleration.z"
    channels = ("body_acc_x", "body_acc_y", "body_acc_z")
    meaning = recognise(form(names, "0,1,2,3", "20,1,2,3"), channels, UNITS)
    assert meaning.columns["body_acc_y"] == ("userAcceleration.y",)


def test_a_channel_is_named_by_the_end_of_its_name():
    channels = ("total_acc_x", "body_acc_x")
    read = form("t,a,b", "0,1,2", "20,1,2")
    said = Given({"total_acc_x": "a", "body_acc_x": "b"})
    assert recognise(read, channels, ("g", "g"), said).columns["total_acc_x"] == ("a",)
    with pytest.raises(DataError, match="may be total_acc_x or body_acc_x"):
        recognise(read, channels, ("g", "g"), Given({"acc_x": "a"}))


def test_the_channels_of_a_new_model_are_what_is_recognised():
    rows = ("0,0.1,0.2,9.8,1,2,3", "20,0.1,0.2,9.8,1,2,3")
    read = form("t,ax,ay,az,gx,gy,gz", *rows)
    assert channels_of(read, Given(units={"gyro": "-deg/s"})) == {
        **dict.fromkeys(CHANNELS, "m/s2"), **dict.fromkeys(SIX[3:], "deg/s"),
    }  # fmt: skip
    with pytest.raises(DataError, match="the unit of gyro_x is not said: add --unit gyro="):
        channels_of(read)
    with pytest.raises(DataError, match="no column for acc_x"):
        channels_of(form("t,b,c", "0,1,2", "20,1,2"))


def test_steps_of_a_sensor_are_channels_in_its_unit():
    read = form("time (ms),X,Y,Z", "0,12,-3,8190", "80,10,-5,8191")
    assert set(channels_of(read).values()) == {"g"}
    assert recognise(read, CHANNELS, UNITS).units["acc_x"] == "8192/g"


@pytest.mark.parametrize(
    ("name", "sensor"),
    [("acc_x", "acc x"), ("accel.y", "acc y"), ("gFx", "acc x"),
     ("Linear Acceleration z", "user z"),
     ("userAcceleration.x", "user x"), ("gravity.y", "gravity y"), ("rotationRate.z", "gyro z"),
     ("wx", "gyro x"), ("Gyroscope x (rad/s)", "gyro x"), ("body_gyro_x", "gyro x"),
     ("magnetometer_x", None), ("mag_y", None), ("quat_x", None), ("temperature", None),
     ("absolute_acceleration", None), ("data_x", None), ("max", None), ("index", None)],
)  # fmt: skip
def test_the_name_of_a_column_says_its_sensor(name, sensor):
    assert sensor_of(name) == (tuple(sensor.split()) if sensor else None)


def test_names_are_plain():
    assert plain_name("IMU.AccX [m/s^2]") == ("imu_acc_x", "m/s2")
    assert plain_name("Time (s)") == ("time", "s")
    assert plain_name("Acceleration (x)") == ("acceleration_x", "")


def test_every_pattern_is_one_in_both_languages():
    """What Python and JavaScript do not share is used in none of them."""

    def texts(item):
        for key, value in item.items() if isinstance(item, dict) else enumerate(item):
            if key not in ("comment", "seen", "without", "name", "unit"):
                yield from texts(value) if isinstance(value, dict | list) else [value, key]

    patterns = [text for text in texts(KNOWN) if isinstance(text, str)]
    assert len(patterns) > 100
    for pattern in patterns:
        re.compile(pattern)
        assert not re.search(r"\(\?[Pix#>]|\\[AZz]|\(\?<[^=!]|\[\^\]|[*+?}]\+", pattern), pattern
    assert json.loads(json.dumps(KNOWN)) == KNOWN


def test_six_channels_have_six_units():
    read = form("t,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z", "0,0,0,1,1,2,3", "20,0,0,1,1,2,3")
    units = recognise(read, SIX, SIX_UNITS).units
    assert units == dict(zip(SIX, SIX_UNITS, strict=True))
