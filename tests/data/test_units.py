"""Units: conversions, and those that do not fit."""

import numpy as np
import pytest

from harmodels.data.units import convert_units, known_unit, unit_factor


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [("g", "m/s²", 9.80665), ("m/s^2", "g", 1 / 9.80665), ("deg/s", "rad/s", np.pi / 180),
     ("mg", "g", 1e-3), ("as recorded", "as recorded", 1.0)],
)  # fmt: skip
def test_units_are_converted(unit, wanted, factor):
    assert unit_factor(unit, wanted) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("unit", "wanted", "message"),
    [("g", "rad/s", "g measures acceleration, but rad/s"),
     ("T", "g", "unknown unit 'T'; known.*8192 steps are one g"),
     ("m/s", "g", "unknown unit 'm/s'"), ("0/g", "g", "0/g: no steps cannot be one g")],
)  # fmt: skip
def test_units_that_do_not_fit_are_refused(unit, wanted, message):
    with pytest.raises(ValueError, match=message):
        unit_factor(unit, wanted)


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [("8192/g", "g", 1 / 8192), ("-g", "g", -1), ("-8192/g", "mg", -1000 / 8192),
     ("0.01/m/s2", "m/s²", 100), ("\u2212m/s²", "m/s2", -1), ("-as recorded", "as recorded", -1),
     ("1e3/rad/s", "mrad/s", 1)],
)  # fmt: skip
def test_steps_and_turned_signs_are_units(unit, wanted, factor):
    assert unit_factor(unit, wanted) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("known", "spellings"),
    [("m/s2", "m/s² m/s^2 m/(s^2) m·s⁻² ms-2 m/s/s m/sec^2 m/sÂ² m/s\ufffd"), ("g", "G g"),
     ("mg", "mG milli-g"), ("deg/s", "°/s dps d/s degrees/s deg/sec °/second"),
     ("µg", "μg µg ug"), ("rad/s", "rad/s rad·s-1 radians/second")],
)  # fmt: skip
def test_units_are_known_in_the_spellings_that_programs_write(known, spellings):
    assert {known_unit(spelling) for spelling in spellings.split()} == {known}


@pytest.mark.parametrize("text", ["", "s", "m/s", "µT", "uT", "°", "rad", "deg", "hPa", "x"])
def test_what_is_no_unit_of_a_motion_sensor_is_not_known(text):
    assert known_unit(text) is None


def test_only_what_measures_the_same_is_converted():
    units, factors = convert_units(["g", "rad/s", "mg", "as recorded", "1"], "m/s²")
    assert units == ("m/s²", "rad/s", "m/s²", "as recorded", "1")
    assert factors == pytest.approx([9.80665, 1, 9.80665e-3, 1, 1])
