"""Units of sensors, and what values are multiplied with to be in another one."""

import math

# Unit → what it measures, and its size in the SI unit.
UNITS = {
    "m/s²": ("acceleration", 1.0),
    "m/s^2": ("acceleration", 1.0),
    "m/s2": ("acceleration", 1.0),
    "g": ("acceleration", 9.80665),
    "mg": ("acceleration", 9.80665e-3),
    "rad/s": ("angular velocity", 1.0),
    "deg/s": ("angular velocity", math.pi / 180),
    "°/s": ("angular velocity", math.pi / 180),
    "dps": ("angular velocity", math.pi / 180),
}


def unit_factor(unit: str, wanted: str) -> float:
    """Return what values in `unit` are multiplied with to be in `wanted`.

    Raises
    ------
    ValueError
        If the units measure different things, or one of two different ones is not known.

    Examples
    --------
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
