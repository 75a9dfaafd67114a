"""The accelerometers and gyroscopes among the channels of a recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmodels.data.units import STANDARD_GRAVITY, unit_factor

AXES = "xyz"
# Sizes of one g in the units that files have, and steps of a converter that are one g.
ONE_G = {"g": 1.0, "m/s2": STANDARD_GRAVITY, "mg": 1000.0}
STEPS = [2**power for power in range(4, 16)]
TOLERANCE = 0.1  # of the steps, which lie closer than units
WITHOUT_GRAVITY = ("body", "user", "linear")  # parts of names of accelerations that leave it out


@dataclass(frozen=True)
class Sensor:
    """Channels whose names differ in the axis only, and measure the same thing."""

    name: str  # of the channels without their axis
    kind: str  # `acceleration` or `rotation`
    columns: tuple[int, ...]  # in the order of the axes
    factors: tuple[float, ...]  # to g or rad/s, by column
    channels: tuple[str, ...]  # by column
    whole: bool  # whether all three axes are there

    @property
    def axes(self) -> list[tuple[int, str, float]]:
        """Column, channel and size of the factor of each axis."""
        factors = [abs(factor) for factor in self.factors]
        return list(zip(self.columns, self.channels, factors, strict=True))

    @property
    def leaves_gravity(self) -> bool:
        """Whether its name says that it leaves gravity out."""
        return any(word in self.name for word in WITHOUT_GRAVITY)


def sensors_of(channels: Sequence[str], units: Sequence[str]) -> list[Sensor]:
    """Return the accelerometers and gyroscopes among channels, by their units and names.

    >>> found = sensors_of(["acc_x", "f", "gyro_z"], ["g", "", "rad/s"])
    >>> [(sensor.name, sensor.kind, sensor.columns) for sensor in found]
    [('acc', 'acceleration', (0,)), ('gyro', 'rotation', (2,))]
    """
    found: dict[tuple[str, str], dict[str, tuple[int, float]]] = {}
    for column, (channel, unit) in enumerate(zip(channels, units, strict=True)):
        measured = _measured(unit)
        if measured is None:
            continue
        kind, factor = measured
        axis = channel[-1:].lower()
        name = channel[:-1].rstrip("_.") if axis in AXES else channel
        found.setdefault((name, kind), {})[axis] = (column, factor)
    sensors = []
    for (name, kind), axes in found.items():
        columns, factors = zip(*(axes[axis] for axis in sorted(axes)), strict=True)
        names = tuple(channels[column] for column in columns)
        sensors.append(Sensor(name, kind, columns, factors, names, set(axes) == set(AXES)))
    return sensors


def _measured(unit: str) -> tuple[str, float] | None:
    for wanted, kind in (("g", "acceleration"), ("rad/s", "rotation")):
        try:
            return kind, unit_factor(unit, wanted)
        except ValueError:
            continue
    return None


@dataclass(frozen=True)
class FileUnit:
    """The unit that the values of a sensor had in their file."""

    name: str  # how an option calls the sensor: `acc`
    unit: str  # without its sign
    negative: bool

    def right(self, in_g: float, turned: bool, tolerance: float) -> str:
        """Return the unit in which gravity, read as `in_g` g, is 1; empty where none fits."""
        size = in_g / abs(unit_factor(self.unit, "g"))  # of gravity, as the file has it
        for unit, one_g in ONE_G.items():
            if abs(size / one_g - 1) <= tolerance:
                return self._signed(unit, turned)
        for steps in STEPS:
            if abs(size / steps - 1) <= TOLERANCE:
                return self._signed(f"{steps}/g", turned)
        return ""

    def turned(self) -> str:
        """Return the unit of the file with the opposite sign."""
        return self._signed(self.unit, True)

    def _signed(self, unit: str, turned: bool) -> str:
        minus = "-" if self.negative != turned else ""
        return f"{self.name}={minus}{unit}"
