"""Units of sensors, and what values are multiplied with to be in another one."""

import math
from collections.abc import Sequence

STANDARD_GRAVITY = 9.80665  # m/s² in one g
# Unit → what it measures, and its size in the SI unit.
UNITS = {
    "m/s²": ("acceleration", 1.0),
    "m/s^2": ("acceleration", 1.0),
    "m/s2": ("acceleration", 1.0),
    "g": ("acceleration", STANDARD_GRAVITY),
    "mg": ("acceleration", 9.80665e-3),
    "rad/s": ("angular velocity", 1.0),
    "deg/s": ("angular velocity", math.pi / 180),
    "°/s": ("angular velocity", math.pi / 180),
    "dps": ("angular velocity", math.pi / 180),
}


def unit_factor(unit: str, wanted: str) -> float:
    """Return what values in `unit` are multiplied with to be in `wanted`.

    Raises ValueError if they measure different things, or one of two different ones is unknown.

    >>> round(unit_factor("g", "m/s²"), 5)
    9.80665
    """
    if unit == wanted:
        return 1.0
    if unit not in UNITS or wanted not in UNITS:
        strange = unit if unit not in UNITS else wanted
        raise ValueError(f"unknown unit {strange!r}; known are {', '.join(UNITS)}")
    (meaning, size), (other, wanted_size) = UNITS[unit], UNITS[wanted]
    if meaning != other:
        raise ValueError(f"{unit} measures {meaning}, but {wanted} measures {other}")
    return size / wanted_size


def convert_units(units: Sequence[str], wanted: str) -> tuple[tuple[str, ...], list[float]]:
    """Return units and factors of channels of which those that measure the same are in `wanted`.

    >>> convert_units(["m/s²", "rad/s"], "m/s²")
    (('m/s²', 'rad/s'), [1.0, 1.0])
    """
    meaning = UNITS[wanted][0]
    same = [unit in UNITS and UNITS[unit][0] == meaning for unit in units]
    factors = [
        unit_factor(unit, wanted) if ours else 1.0 for unit, ours in zip(units, same, strict=True)
    ]
    return tuple(wanted if ours else unit for unit, ours in zip(units, same, strict=True)), factors
