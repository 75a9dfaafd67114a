"""The page's look at a recording against Python's, in node."""

import numpy as np
import pytest

from harmodels.data.look import Look, gravity_of
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.live.page import describe_channel

CHANNELS = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
UNITS = ("g",) * 3 + ("rad/s",) * 3
TRAINED = simulate_afternoon(["walking", "sitting", "laying"], minutes=1, rate_hz=50.0, seed=7)
LOOK = """({channels, units, gravity, times, columns}) => {
  const numbers = (array) => Float64Array.from(array);
  const session = {times: numbers(times), columns: columns.map(numbers)};
  const {findings, refusal} = lookAt([session], channels, units, gravity);
  return {refusal, findings: findings.map((f) => [f.kind, f.channels, lineOf(f), f.remedy])};
}"""


def in_units(samples):
    """Return times (n,) and values (n, 6) of a simulated person in the units of the model."""
    values = samples[["ax", "ay", "az", "gx", "gy", "gz"]].to_numpy() / [*[9.80665] * 3, 1, 1, 1]
    return samples["t"].to_numpy(), values


def stuck(values):
    values[600:1500, 2] = values[600, 2]


def half_in_other_unit(values):
    values[len(values) // 2 :, :3] *= 9.80665


def without_gravity(values):
    ones = np.ones(75) / 75
    values[:, :3] -= np.transpose([np.convolve(axis, ones, "same") for axis in values[:, :3].T])


def two_sensors(values):
    values[::2, :3] = -values[::2, [2, 1, 0]]


def scaled(*factors):
    def change(values):
        values *= np.repeat(factors, 3)

    return change


def clipped(values):
    walking = values[:1000, 0]
    values[:, 0] = values[:, 0].clip(max=np.quantile(walking, 0.6))


CHANGES = {
    "right": scaled(1, 1),
    "m/s2": scaled(9.80665, 1),
    "mg": scaled(1000, 1),
    "steps": scaled(8192, 1),
    "no unit": scaled(3.3, 1),
    "all signs": scaled(-1, 1),
    "deg/s": scaled(1, 180 / np.pi),
    "deg/s taken twice": scaled(1, np.pi / 180),
    "too fast": scaled(1, 300),
    "stuck": stuck,
    "half": half_in_other_unit,
    "no gravity": without_gravity,
    "two sensors": two_sensors,
    "clipped": clipped,
}


@pytest.mark.parametrize("known", [True, False], ids=["card", "no card"])
@pytest.mark.parametrize("name", CHANGES)
def test_page_finds_what_the_command_finds(name, known, in_node):
    times, values = in_units(TRAINED.samples)
    windows = values[: len(values) // 128 * 128].reshape(-1, 128, 6)
    labels = np.arange(len(windows)) * 3 // len(windows)
    gravity = gravity_of(windows, labels, CHANNELS, UNITS) if known else None
    CHANGES[name](values)
    look = Look(CHANNELS, UNITS, gravity)
    look.push(0, times, values)
    expected = [[f.kind, list(f.channels), f.line, f.remedy] for f in look.findings()]
    given = {
        "channels": [describe_channel(*pair) for pair in zip(CHANNELS, UNITS, strict=True)],
        "units": UNITS,
        "gravity": gravity and [record.model_dump() for record in gravity],
        "times": times.tolist(),
        "columns": values.T.tolist(),
    }
    found = in_node(LOOK, given)
    assert found == {"refusal": look.refusal(), "findings": expected}
    if name == "right":
        assert expected == []
    elif known:  # or nobody knows of signs
        assert expected
