"""Exports of programs as they write them, and files of nobody's form with telling names."""

import datetime

import numpy as np

from harmodels.data.reading.meaning import Given
from harmodels.data.units import STANDARD_GRAVITY
from tests.recording_cases import CHANNELS, UNITS, Case, samples

TIMES, VALUES = samples()
GYRO = np.round(0.4 * np.cos(TIMES[:, None] * [3.0, 2.0, 1.0]), 6)  # rad/s
SI = np.round(VALUES * STANDARD_GRAVITY, 6)
GRAVITY = np.tile(VALUES.mean(axis=0).round(6), (len(TIMES), 1))
START = datetime.datetime(2024, 5, 1, 10, 0, 0, tzinfo=datetime.UTC)
EPOCH = int(START.timestamp())
SIX = (*CHANNELS, "gyro_x", "gyro_y", "gyro_z")
SIX_UNITS = (*UNITS, "rad/s", "rad/s", "rad/s")


def stamps(pattern, digits=3):
    """Return the times of the rows as dates in a pattern, whose `%f` has so many digits."""
    found = []
    for time in TIMES:
        moment = START + datetime.timedelta(microseconds=round(time * 1e6))
        found.append(moment.strftime(pattern.replace("%f", f"{moment:%f}"[:digits])))
    return found


def seconds(factor=1.0, start=0.0):
    """Return the times of the rows as numbers."""
    return [f"{start + time * factor:.6f}" for time in TIMES]


def table(names, times, *values, separator=",", mark=".", above=(), blank=""):
    """Return a table as text, a column of the times first."""
    numbers = [[f"{cell:.6f}" for cell in row] for row in np.hstack(values)]
    rows = [[time, *row] for time, row in zip(times, numbers, strict=True)]
    lines = [separator.join(row).replace(".", mark) for row in rows]
    header = [separator.join(names)] if names else []
    return "\n".join([*above, *header, *lines, blank])


def case(text, name="walk.csv", gyro=False, **more):
    """Return a case of one file that is recognised without help."""
    files = text if isinstance(text, dict) else {name: text}
    files = {file: content.encode() for file, content in files.items()}
    if gyro:
        more |= {"channels": SIX, "units": SIX_UNITS}
    if "error" not in more:
        both = np.hstack([VALUES, GYRO]) if gyro else VALUES
        more = {"times": TIMES, "values": both, "tolerance": 2e-6} | more
    return Case(files, **more)


def named(pattern, axes="xyz"):
    """Return three names."""
    return [pattern.format(axis) for axis in axes]


def logger(values):
    """Return a file of Sensor Logger, whose sensors differ by the name of the file alone."""
    times = [str(EPOCH * 10**9 + round(time * 1e9)) for time in TIMES]
    names = ["time", "seconds_elapsed", "z", "y", "x"]
    return table(names, times, TIMES[:, None], values[:, ::-1])


def metadata(platform, standard):
    """Return the file in which Sensor Logger says what it was run on."""
    return f"version,device name,platform,standardisation\n3,phone,{platform},{standard}\n"


PHYPHOX = ["Time (s)", *named("Acceleration {} (m/s^2)")]
QUOTED = [f'"{name}"' for name in PHYPHOX]
ANDRO = [*named("ACCELEROMETER {} (m/s²)", "XYZ"), *named("GYROSCOPE {} (rad/s)", "XYZ")]
SENSORLOG = ["loggingTime(txt)", *named("accelerometerAcceleration{}(G)", "XYZ")]
MOTION = [*named("motionUserAcceleration{}(G)", "XYZ"), *named("motionGravity{}(G)", "XYZ")]
ACTIGRAPH = (
    "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.4 Firmware v1.9.2 "
    "date format {} at 50 Hz  Filter Normal -----------",
    "Serial Number: NEO1F00000000",
    "Start Time 10:00:00",
    "Start Date {}",
    "Epoch Period (hh:mm:ss) 00:00:00",
    "Download Time 11:00:00",
    "Download Date {}",
    "Current Memory Address: 0",
    "Current Battery Voltage: 4.07     Mode = 12",
    "--------------------------------------------------",
)
GENEACTIV = (
    "Device Type,GENEActiv", "Device Model,1.1", "", "Measurement Frequency,50 Hz",
    "Start Time,2024-05-01 10:00:00:000", *[""] * 90,
)  # fmt: skip
OF_ACTIGRAPH = named("Accelerometer {}", "XYZ")


def actigraph(order, date, **more):
    """Return an export of ActiGraph without times."""
    above = [line.format(order if "format" in line else date) for line in ACTIGRAPH]
    text = table(["", *OF_ACTIGRAPH], [""] * len(TIMES), VALUES, above=above, **more)
    return "\n".join(line.removeprefix(more.get("separator", ",")) for line in text.split("\n"))


def empatica():
    """Return an export of Empatica's wristband: start, rate, and steps of 1/64 g."""
    rows = [", ".join([f"{EPOCH}.000000"] * 3), ", ".join(["50.000000"] * 3)]
    steps = np.rint(VALUES * 64).astype(int)
    return "\n".join([*rows, *(",".join(map(str, row)) for row in steps), ""])


STEPS = {"values": np.rint(VALUES * 64) / 64}
IN_MS = [str(EPOCH * 1000 + round(time * 1000)) for time in TIMES]
CASES = {
    "sensor_logger": case(logger(SI), origin=f"{EPOCH}.0"),
    "sensor_logger_total": case(logger(SI), "TotalAcceleration.csv"),
    "sensor_logger_without_gravity": case(
        logger(SI - SI.mean(axis=0)), "Accelerometer.csv", error="without gravity.*Gravity.csv"
    ),
    "sensor_logger_folder": case(
        {
            "Accelerometer.csv": logger((VALUES - GRAVITY) * STANDARD_GRAVITY),
            "Gravity.csv": logger(GRAVITY * STANDARD_GRAVITY),
            "Gyroscope.csv": logger(GYRO),
            "Magnetometer.csv": logger(GYRO * 50),
            "Metadata.csv": metadata("android", "false"),
        },
        gyro=True,
    ),
    "sensor_logger_folder_ios": case(
        {
            "Accelerometer.csv": logger((GRAVITY - VALUES) * STANDARD_GRAVITY),
            "Gravity.csv": logger(-GRAVITY * STANDARD_GRAVITY),
            "Metadata.csv": metadata("ios", "false"),
        }
    ),
    "sensor_logger_folder_ios_standard": case(
        {
            "Accelerometer.csv": logger((VALUES - GRAVITY) * STANDARD_GRAVITY),
            "Gravity.csv": logger(GRAVITY * STANDARD_GRAVITY),
            "Metadata.csv": metadata("ios", "true"),
        }
    ),
    "phyphox": case(table(PHYPHOX, seconds(), SI)),
    "phyphox_quoted_semicolon": case(table(QUOTED, seconds(), SI, separator=";")),
    "phyphox_semicolon_comma": case(table(QUOTED, seconds(), SI, separator=";", mark=",")),
    "phyphox_tab_comma": case(table(QUOTED, seconds(), SI, separator="\t", mark=",")),
    "phyphox_without_gravity": case(
        table(["Time (s)", *named("Linear Acceleration {} (m/s^2)")], seconds(), SI),
        error="Linear Acceleration x .* without gravity.*with g",
    ),
    "phyphox_folder": case(
        {
            "Accelerometer.csv": table(PHYPHOX, seconds(), SI),
            "Gyroscope.csv": table(
                ["Time (s)", *named("Gyroscope {} (rad/s)")], seconds(), GYRO
            ),
            "meta/device.csv": "property,value\nversion,1.1\n",
        },
        gyro=True,
    ),
    "physics_toolbox": case(table(["time", *named("gF{}"), "TgF"], seconds(), VALUES, GYRO[:, :1])),
    "physics_toolbox_all": case(
        table(["time", *named("gF{}"), *named("a{}"), *named("w{}")], seconds(), VALUES, SI, GYRO),
        gyro=True,
    ),
    "physics_toolbox_linear": case(
        table(["time", *named("a{}"), "aT"], seconds(), SI, GYRO[:, :1]),
        error="ax of Physics Toolbox is acceleration without gravity.*g-force meter",
    ),
    "androsensor": case(
        table(["Time since start in ms ", *ANDRO], seconds(1000, 12), SI, GYRO, separator=";"),
        gyro=True,
    ),
    "androsensor_cp1252": Case(
        {
            "walk.csv": table(
                ["Time since start in ms ", *ANDRO], seconds(1000), SI, GYRO, separator=";"
            ).encode("cp1252")
        },
        TIMES, VALUES, tolerance=2e-6,
    ),
    "sensorlog": case(table(SENSORLOG, stamps("%Y-%m-%d %H:%M:%S.%f +0200"), -VALUES)),
    "sensorlog_motion": case(
        table(
            ["loggingTime(txt)", *MOTION, *named("motionRotationRate{}(rad/s)", "XYZ")],
            stamps("%Y-%m-%d %H:%M:%S.%f +0200"), GRAVITY - VALUES, -GRAVITY, GYRO,
        ),
        gyro=True,
    ),
    "matlab_mobile": case(
        table(["Timestamp", "X", "Y", "Z"], stamps("%d-%b-%Y %H:%M:%S.%f"), SI),
        origin="2024-05-01 10:00:00",
    ),
    "actigraph": case(actigraph("M/d/yyyy", "5/1/2024"), origin="2024-05-01 10:00:00"),
    "actigraph_day_first": case(
        actigraph("dd/MM/yyyy", "01/05/2024"), origin="2024-05-01 10:00:00"
    ),
    "actigraph_comma": case(
        actigraph("M/d/yyyy", "5/1/2024", separator=";", mark=","), origin="2024-05-01 10:00:00"
    ),
    "actigraph_times": case(
        table(
            ["Timestamp", *OF_ACTIGRAPH], stamps("%m/%d/%Y %H:%M:%S.%f"), VALUES,
            above=[line.format("M/d/yyyy") for line in ACTIGRAPH],
        ),
        origin="2024-05-01 10:00:00",
    ),
    "geneactiv": case(
        table((), stamps("%Y-%m-%d %H:%M:%S:%f"), VALUES, GYRO, above=GENEACTIV),
        origin="2024-05-01 10:00:00",
    ),
    "axivity": case(table((), stamps("%Y-%m-%d %H:%M:%S.%f"), VALUES)),
    "axivity_ax6": case(
        table(
            ["Time", *named("Accel-{} (g)", "XYZ"), *named(" Gyro-{} (d/s)", "XYZ")],
            stamps("%Y-%m-%d %H:%M:%S.%f"), VALUES, np.degrees(GYRO),
        ),
        gyro=True,
    ),
    "empatica": case(empatica(), "ACC.csv", origin="2024-05-01 10:00:00+00:00", **STEPS),
    "empatica_folder": case(
        {"ACC.csv": empatica(), "TEMP.csv": f"{EPOCH}.0\n4.0\n30.1\n30.2\n", "tags.csv": ""},
        **STEPS,
    ),
    "metawear": case(
        table(["epoch (ms)", "elapsed (s)", *named("{}-axis (g)")], IN_MS, TIMES[:, None], VALUES)
    ),
    "metawear_gyroscope": case(
        {
            "MetaWear_Accelerometer.csv": table(
                ["epoch (ms)", *named("{}-axis (g)")], IN_MS, VALUES
            ),
            "MetaWear_Gyroscope.csv": table(
                ["epoch (ms)", *named("{}-axis (deg/s)")], IN_MS, np.degrees(GYRO)
            ),
        },
        gyro=True,
    ),
    "shimmer": case(
        table(
            ["S_1_Timestamp_Unix_CAL", *named("S_1_Accel_LN_{}_CAL", "XYZ")], IN_MS, SI,
            separator="\t", above=['"sep=\t"'],
        ).replace("Z_CAL\n", "Z_CAL\nms\tm/(s^2)\tm/(s^2)\tm/(s^2)\n")
    ),
    "xsens_dot": case(
        table(
            ["SampleTimeFine", "PacketCounter", *named("Acc_{}", "XYZ"), *named("Gyr_{}", "XYZ")],
            [str(round(time * 1e6)) for time in TIMES], TIMES[:, None] * 50, SI, np.degrees(GYRO),
            above=["sep=,", "DeviceTag:,D422CD00"],
        ),
        gyro=True,
    ),
    "bangle_js": case(
        "Time (ms),X,Y,Z\n" + "".join(
            f"{round(time * 1000)},{','.join(map(str, row))}\n"
            for time, row in zip(TIMES, np.rint(VALUES * 8192).astype(int), strict=True)
        ),
        values=np.rint(VALUES * 8192) / 8192,
    ),
    "picoquake": case(
        table(
            ["count", *named("a_{}"), *named("g_{}")], [str(k + 1) for k in range(len(TIMES))],
            VALUES, np.degrees(GYRO),
            above=["# PLab PicoQuake Data", "# Time: 2024-05-01 10:00:00.000000, Device: D4E9",
                   "# Config: data_rate = 50.0 Hz, filter = 42 Hz"],
        ),
        gyro=True, origin="2024-05-01 10:00:00",
    ),
    "capture_24": case(
        table(["time", "x", "y", "z"], stamps("%Y-%m-%d %H:%M:%S.%f", 6), VALUES)
        .replace("\n", ",7030 sleeping;MET 0.95\n")
        .replace("z,7030 sleeping;MET 0.95", "z,annotation")
    ),
    "several_places": case(
        table(["t", *named("wrist_acc_{}"), *named("hip_acc_{}")], seconds(), SI, SI),
        error="acc_x may be wrist_acc_x or hip_acc_x",
    ),
    "several_places_said": case(
        table(["t", *named("wrist_acc_{}"), *named("hip_acc_{}")], seconds(), SI, GYRO),
        given=Given({f"acc_{axis}": f"wrist_acc_{axis}" for axis in "xyz"}),
    ),
    "parts_of_names": case(
        table(["elapsed", *named("gravity.{}"), *named("userAcceleration.{}")], seconds(),
              GRAVITY, VALUES - GRAVITY)
    ),
    "no_names_and_no_dates": case(
        table((), seconds(), SI), error="first row is 0.000000,.*--columns time=1,acc_x=2"
    ),
    "one_column_twice": case(
        table(["t", "ax", "ay", "az"], seconds(), SI),
        given=Given({"acc_x": "ax", "acc_y": "ax"}), error="ax is given for acc_x and acc_y",
    ),
    "steps_of_a_sensor": case(
        table(["t", "ax", "ay", "az"], seconds(), VALUES * 8192),
        given=Given(units={"acc": "8192/g"}),
    ),
    "signs_turned": case(
        table(["t", "ax", "ay", "az"], seconds(), -SI), given=Given(units={"acc": "-m/s2"})
    ),
    "rate_above_the_header": case(
        table(["n", "ax", "ay", "az"], ["7"] * len(TIMES), SI, above=["# data_rate = 50.0 Hz"])
    ),
}  # fmt: skip
for pattern in (
    "t,a{}", "time,acc_{}", "Timestamp,accel.{}", "ts,{}", "Time (s),Acc{}", "t,total_acc_{}",
    "elapsed,Acceleration {} (m/s2)", "seconds,{}_acc", "t,IMU.Acc{}", "t,a{}_ms2", "t,{}-axis",
    "t,accelerometer_{}", "attr_time,attr_{}", "Zeit,Beschleunigung {} [m/s²]",
):  # fmt: skip
    time, of_axis = pattern.split(",")
    CASES[f"names_{of_axis}"] = case(table([time, *named(of_axis)], seconds(), SI))
