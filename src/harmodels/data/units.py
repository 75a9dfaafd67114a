"""Units of sensors, and what values are multiplied with to be in another one."""

import math
import re
import unicodedata
from collections.abc import Sequence

STANDARD_GRAVITY = 9.80665  # m/s² in one g
# Unit → what it measures, and its size in the SI unit.
UNITS = {
    "m/s²": ("acceleration", 1.0),
    "m/s^2": ("acceleration", 1.0),
    "m/s2": ("acceleration", 1.0),
    "cm/s2": ("acceleration", 0.01),
    "g": ("acceleration", STANDARD_GRAVITY),
    "mg": ("acceleration", STANDARD_GRAVITY * 1e-3),
    "µg": ("acceleration", STANDARD_GRAVITY * 1e-6),
    "rad/s": ("angular velocity", 1.0),
    "mrad/s": ("angular velocity", 1e-3),
    "deg/s": ("angular velocity", math.pi / 180),
    "°/s": ("angular velocity", math.pi / 180),
    "dps": ("angular velocity", math.pi / 180),
    "mdps": ("angular velocity", math.pi / 180e3),
}
# Other spellings, without blanks and signs of powers, in lower case → unit.
SPELLINGS = {
    spelling: unit
    for unit, spellings in {
        "m/s2": "m/s2 m/s/s ms-2 m/ss mps2 meter/s2 metre/s2 meters/s2 metres/s2",
        "cm/s2": "cm/s2 cms-2",
        "g": "g gs g0",
        "mg": "mg milli-g millig",
        "µg": "ug micro-g microg",
        "rad/s": "rad/s rads-1 rads rps radian/s radians/s",
        "mrad/s": "mrad/s",
        "deg/s": "deg/s degs-1 degree/s degrees/s d/s dps",
        "mdps": "mdps mdeg/s",
    }.items()
    for spelling in spellings.split()
}
_GRAMMAR = re.compile(
    r"(?P<turned>-)?(?:(?P<steps>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/)?(?P<unit>.+)",
    re.IGNORECASE | re.DOTALL,
)


def known_unit(text: str) -> str | None:
    """Return a unit that is written in any of its spellings, or None.

    >>> known_unit("m/(s^2)"), known_unit("G"), known_unit("°/sec"), known_unit("µT")
    ('m/s2', 'g', 'deg/s', None)
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    for own, ascii_form in (("μ", "u"), ("\u2212", "-"), ("°", "deg"), ("seconds", "s")):
        plain = plain.replace(own, ascii_form)
    plain = re.sub(r"second|sec", "s", re.sub(r"[\s^*·()]", "", plain))
    if re.fullmatch(r"m/s[^ -~]+2?", plain):  # the ² of another encoding
        plain = "m/s2"
    return SPELLINGS.get(plain)


def unit_parts(unit: str) -> tuple[str, float]:
    """Return the unit in `[-][number/]unit`, and how many of its steps, with sign, are one.

    >>> unit_parts("-8192/g"), unit_parts("m/s2")
    (('g', -8192.0), ('m/s2', 1.0))
    """
    found = _GRAMMAR.fullmatch(unit.strip().replace("\u2212", "-"))
    if found is None:
        return unit, 1.0
    steps = float(found["steps"] or 1) * (-1 if found["turned"] else 1)
    if not steps:
        raise ValueError(f"{unit}: no steps cannot be one {found['unit']}")
    return found["unit"].strip(), steps


def unit_factor(unit: str, wanted: str) -> float:
    """Return what values in `unit` are multiplied with to be in `wanted`.

    `unit` is `[-][number/]unit`: the number says how many steps are one of the unit, as `8192/g`
    for a sensor of 8192 steps in one g, and a minus turns all signs. Raises ValueError if they
    measure different things, or one of two different ones is unknown.

    >>> round(unit_factor("g", "m/s²"), 5), round(unit_factor("-8192/g", "mg"), 5)
    (9.80665, -0.12207)
    """
    if unit == wanted:
        return 1.0
    own, steps = unit_parts(unit)
    if own == wanted:
        return 1 / steps
    known, known_wanted = known_unit(own), known_unit(wanted)
    if known is None or known_wanted is None:
        strange = own if known is None else wanted
        raise ValueError(
            f"unknown unit {strange!r}; known are {', '.join(UNITS)}, with the steps of a sensor "
            "and a minus for turned signs where needed (8192/g: 8192 steps are one g; -g)"
        )
    (meaning, size), (other, wanted_size) = UNITS[known], UNITS[known_wanted]
    if meaning != other:
        raise ValueError(f"{own} measures {meaning}, but {wanted} measures {other}")
    return size / wanted_size / steps


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
