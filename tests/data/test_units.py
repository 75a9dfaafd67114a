"""Units: conversions, and those that do not fit."""

import numpy as np
import pytest

from harmodels.data.units import convert_units, unit_factor


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [("g", "m/s²", 9.80665), ("m/s^2", "g", 1 / 9.80665), ("deg/s", "rad/s", np.pi / 180),
     ("mg", "g", 1e-3), ("as recorded", "as recorded", 1.0)],
)  # fmt: skip
def test_units_are_converted(unit, wanted, factor):
    assert unit_factor(unit, wanted) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("unit", "wanted", "message"),
    [("g", "rad/s", "g measures acceleration, but rad/s"), ("G", "g", "unknown unit 'G'; known")],
)
def test_units_that_do_not_fit_are_refused(unit, wanted, message):
    with pytest.raises(ValueError, match=message):
        unit_factor(unit, wanted)


def test_only_what_measures_the_same_is_converted():
    units, factors = convert_units(["g", "rad/s", "mg", "as recorded", "1"], "m/s²")
    assert units == ("m/s²", "rad/s", "m/s²", "as recorded", "1")
    assert factors == pytest.approx([9.80665, 1, 9.80665e-3, 1, 1])
