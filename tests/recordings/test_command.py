"""`harmodels classify` as a user calls it: nothing is destroyed, and every advice helps."""

import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from harmodels.cli import CLOSED_PIPE, main
from harmodels.errors import DataError
from harmodels.recordings.command import pairs

TRUTH = "start,end,label\n0,300,walking\n"


@pytest.fixture
def place(walk, gru, mlp, tmp_path):
    """Return a folder with a short recording, a truth and both models."""
    pd.read_csv(walk).iloc[:3000].to_csv(tmp_path / "walk.csv", index=False)
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "model").symlink_to(gru)
    (tmp_path / "features").symlink_to(mlp)
    return tmp_path


@pytest.fixture
def call(place, monkeypatch, capsys):
    """Return a function from the words of a command line to status, output and errors."""
    monkeypatch.chdir(place)

    def run(words):
        status = main(["classify", *shlex.split(words)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.mark.parametrize(
    "output",
    ["--out walk.csv", "--out ./walk.csv", "--out truth.csv", "--plot model/a.svg",
     "--out model/model.json", "--out a.svg --plot a.svg", "--out .", "--plot a.txt"],
)  # fmt: skip
def test_an_output_that_would_destroy_something_is_refused_before_anything(output, place, call):
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    status, out, err = call(f"walk.csv --model model --truth truth.csv {output}")
    assert (status, out) == (1, "")
    assert re.match(r"harmodels: error: --(out|plot) ", err)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_what_was_understood_is_said_before_what_was_found(place, call):
    status, out, _ = call(
        "walk.csv --model model --truth truth.csv --out new/out.csv --plot new/walk.png"
    )
    assert status == 0
    assert out.index("--columns") < out.index("walk.csv: 1.0 min at 50 Hz, 3,000 rows, 45 windows")
    assert "the truth covers 45 of 45 windows and agrees in" in out
    frame = pd.read_csv(place / "new" / "out.csv")
    assert list(frame.columns[:3]) == ["start", "end", "label"]
    assert len(frame) == 45
    assert sorted(path.name for path in (place / "new").iterdir()) == ["out.csv", "walk.png"]


def test_the_options_that_are_printed_say_the_same(place, call):
    _, out, _ = call("walk.csv --model model --out one.csv")
    options = next(line for line in out.splitlines() if "--columns" in line)
    assert call(f"walk.csv --model model --out two.csv {options[options.index('--') :]}")[0] == 0
    assert (place / "one.csv").read_bytes() == (place / "two.csv").read_bytes()


def test_a_refused_recording_leaves_no_file(place, call):
    table = pd.read_csv(place / "walk.csv")
    table.assign(ay=0.0).to_csv(place / "walk.csv", index=False)
    before = sorted(place.iterdir())
    status, _, err = call("walk.csv --model model --out out.csv --plot out.svg")
    assert status == 1
    assert err.startswith("harmodels: error: walk.csv")
    assert sorted(place.iterdir()) == before


def test_dates_keep_their_zone(place, call):
    table = pd.read_csv(place / "walk.csv")
    stamps = pd.Timestamp("2024-05-01T12:00:00+02:00") + pd.to_timedelta(table["t"], unit="s")
    table.assign(t=stamps.map(pd.Timestamp.isoformat)).to_csv(place / "walk.csv", index=False)
    assert call("walk.csv --model model --out out.csv")[0] == 0
    first = pd.read_csv(place / "out.csv").iloc[1]
    assert first["start"] == "2024-05-01T12:00:01.280+02:00"
    assert first["end"] == "2024-05-01T12:00:03.840+02:00"


def test_a_closed_pipe_ends_quietly(place):
    code = "import sys; from harmodels.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "classify", "walk.csv", "--model", "model"]
    with subprocess.Popen(
        [*command, "--out", "out.csv"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == CLOSED_PIPE
    assert errors == b""
    assert (place / "out.csv").stat().st_size > 1000


# ---- options


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("time=t,acc_x=ax", {"time": "t", "acc_x": "ax"}),
        ('"acc_x=Acc, x", time = t ,', {"acc_x": "Acc, x", "time": "t"}),
        ('"acc_x=say ""x"""', {"acc_x": 'say "x"'}),
        ("acc_x=a=b", {"acc_x": "a=b"}),
        ("", {}),
    ],
)
def test_pairs_are_quoted_as_in_csv(text, found):
    assert pairs("--columns", [text]) == found


def test_an_option_may_come_more_than_once():
    assert pairs("--unit", ["acc=g", "gyro=deg/s"]) == {"acc": "g", "gyro": "deg/s"}
    with pytest.raises(DataError, match="acc is given twice"):
        pairs("--unit", ["acc=g", "acc=mg"])


@pytest.mark.parametrize("text", ["ax", "=ax", "acc_x=", 'acc_x="Acc, x"'])
def test_what_is_no_pair_shows_how_one_is_written(text):
    with pytest.raises(DataError, match="NAME=VALUE, WITH COMMA"):
        pairs("--columns", [text])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--columns acc_x=ax,acc_y=ax", "ax is given for .*acc_x and .*acc_y"),
        ("--columns acc_x=ax,acc_x=ay", "acc_x is given twice"),
        ("--columns acc_x=axx", "'ax'"),
        ("--columns akk_x=ax", "acc_x"),
        ("--unit acc=m/s3", "m/s2"),
        ("--unit akk=g", "acc"),
        ("--unit acc=0/g", "0/g: no steps"),
        ("--time-unit sec", "'?s'?,"),
        ("--rate 0", "--rate 0: give samples a second"),
        ("--rate nan", "--rate nan"),
        ("--rate 50 --columns time=t", "--rate"),
        ("--gap -1", "--gap -1"),
        ("--step 0", "--step 0"),
    ],
)
def test_an_option_that_cannot_be_says_what_can(options, message, call):
    status, _, err = call(f"walk.csv --model model {options}")
    assert status == 1
    assert re.search(message, err)


def test_a_column_with_a_comma_and_sums_are_read(place, call):
    table = pd.read_csv(place / "walk.csv")
    assert call("walk.csv --model model --out one.csv")[0] == 0
    odd = table.assign(gx=9.0, ux=table["ax"] - 9.0).drop(columns="ax")
    odd.rename(columns={"ay": "Acc, y"}).to_csv(place / "odd.csv", index=False)
    columns = shlex.quote('time=t,acc_x=gx+ux,"acc_y=Acc, y",acc_z=az')
    assert call(f"odd.csv --model model --out two.csv --unit acc=m/s2 --columns {columns}")[0] == 0
    one, two = (pd.read_csv(place / name) for name in ("one.csv", "two.csv"))
    assert (one["label"] == two["label"]).all()
    np.testing.assert_allclose(one["walking"], two["walking"], atol=2e-4)


def test_an_app_s_folder_and_zip_are_one_recording(place, call):
    table = pd.read_csv(place / "walk.csv")
    (place / "app").mkdir()
    (place / "app" / "Accelerometer.csv").write_text(
        table[["t", "az", "ay", "ax"]].to_csv(
            index=False, header=["seconds_elapsed", "z", "y", "x"]
        )
    )
    call("walk.csv --model model --out one.csv")
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", "app.zip", "app/Accelerometer.csv"],
        cwd=place, check=True,
    )  # fmt: skip
    for path in ("app", "app.zip"):
        status, out, _ = call(f"{path} --model model --unit acc=m/s2 --out two.csv")
        assert status == 0, out
        assert (place / "one.csv").read_bytes() == (place / "two.csv").read_bytes()
    status, _, err = call("app --model model --unit acc=m/s2 --out app/two.csv")
    assert status == 1
    assert "is in the recording" in err


# ---- every advice, followed on the file that provokes it


def advice(text):
    """Return the words of the option that a message advises."""
    found = re.search(r"--(unit|time-unit|gap|rate|columns) ('[^']*'|[^\s;,)]+)", text)
    assert found, text
    return found[0]


def same_labels(place, one="one.csv", two="two.csv"):
    one, two = (pd.read_csv(place / name) for name in (one, two))
    return len(one) == len(two) and (one["label"] == two["label"]).mean() > 0.95


ACC, GYRO = ["ax", "ay", "az"], ["gx", "gy", "gz"]
WRONG_UNITS = {  # what is in the file, and what the user says
    "thousandths of g said to be g": (ACC, 1000 / 9.80665, "--unit acc=g", "--unit acc=mg"),
    "g said to be m/s²": (ACC, 1 / 9.80665, "--unit acc=m/s2", "--unit acc=g"),
    "m/s² said to be g": (ACC, 1, "--unit acc=g", "--unit acc=m/s2"),
    "signs turned": (ACC, -1, "--unit acc=m/s2", "--unit acc=-m/s2"),
    "degrees": (GYRO, 180 / np.pi, "--unit gyro=rad/s", "--unit gyro=deg/s"),
    "steps of a sensor": (ACC, 8192 / 9.80665, "--unit acc=m/s2", "--unit acc=8192/g"),
}


@pytest.mark.parametrize("name", WRONG_UNITS)
def test_the_advice_on_units_leads_to_the_labels_of_the_tidy_file(name, place, call):
    columns, factor, wrong, right = WRONG_UNITS[name]
    model = "features" if columns is GYRO else "model"
    assert call(f"walk.csv --model {model} --out one.csv")[0] == 0
    table = pd.read_csv(place / "walk.csv")
    table[columns] *= factor
    table.to_csv(place / "odd.csv", index=False)
    status, _, err = call(f"odd.csv --model {model} --out two.csv {wrong}")
    assert status == 1
    assert advice(err) == right
    more = "" if columns is ACC else "--unit acc=m/s2"
    status, _, err = call(f"odd.csv --model {model} --out two.csv {right} {more}")
    assert status == 0, err
    assert same_labels(place)


def test_no_advice_leads_past_gravity_that_is_left_out(place, call):
    table = pd.read_csv(place / "walk.csv")
    slow = table[ACC].rolling(100, center=True, min_periods=1).mean()
    table[ACC] -= slow
    table.to_csv(place / "odd.csv", index=False)
    for unit in ("m/s2", "g", "mg"):
        status, _, err = call(f"odd.csv --model model --unit acc={unit}")
        assert status == 1
        assert "gravity" in err
        assert "--unit" not in err
    # the one way on: gravity and user acceleration are added
    assert call("walk.csv --model model --out one.csv")[0] == 0
    table[["hx", "hy", "hz"]] = slow
    table.to_csv(place / "both.csv", index=False)
    sums = "--columns acc_x=ax+hx,acc_y=ay+hy,acc_z=az+hz --unit acc=m/s2"
    assert call(f"both.csv --model model --out two.csv {sums}")[0] == 0
    assert same_labels(place)


def dates(form):
    """Return a change of a table: its times as dates of this form."""
    return lambda table: table.assign(
        t=(pd.Timestamp("2024-05-01T10:00") + pd.to_timedelta(table["t"], unit="s")).dt.strftime(
            form
        )
    )


WRONG_TIMES = {  # what is done to the table, what the user says, and what is said then
    "ms": (lambda t: t.assign(t=(t["t"] * 1e3).round()), "--time-unit s", "--time-unit ms"),
    "us": (lambda t: t.assign(t=(t["t"] * 1e6).round()), "--time-unit s", "--time-unit us"),
    "no iso": (dates("%d/%m/%Y %H:%M:%S.%f"), "--time-unit iso", ""),
    "no time": (lambda t: t.drop(columns="t"), "", "--rate 50"),
    "an unusual name": (
        lambda t: t.rename(columns={"t": "q"}), "--columns time=t", "--columns time=q"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_TIMES)
def test_the_advice_on_times_leads_to_the_labels_of_the_tidy_file(name, place, call):
    change, wrong, right = WRONG_TIMES[name]
    assert call("walk.csv --model model --out one.csv")[0] == 0
    change(pd.read_csv(place / "walk.csv")).to_csv(place / "odd.csv", index=False)
    status, _, err = call(f"odd.csv --model model {wrong}")
    assert status == 1
    assert (right.partition("=")[0].partition(" 5")[0] or "leave --time-unit out") in err
    assert call(f"odd.csv --model model --out two.csv {right}")[0] == 0
    assert same_labels(place)


def test_a_date_that_can_be_read_in_two_ways_says_how_to_read_it_in_the_other(place, call):
    odd = dates("%d/%m/%Y %H:%M:%S.%f")(pd.read_csv(place / "walk.csv"))
    odd.to_csv(place / "odd.csv", index=False)
    status, out, _ = call("odd.csv --model model --out one.csv")
    assert status == 0
    assert "01/05/2024 10:00:00.000000 is taken as 1 May 2024" in out
    other = advice(out[out.index("is taken as") :])
    assert call(f"odd.csv --model model --out two.csv {other}")[0] == 0
    starts = [pd.read_csv(place / name)["start"][0] for name in ("one.csv", "two.csv")]
    assert starts == ["2024-05-01T10:00:00.000", "2024-01-05T10:00:00.000"]
    assert same_labels(place)
