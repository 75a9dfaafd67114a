"""What the files of MotionSense hold: activities by a folder's code, columns and their units."""

from collections.abc import Mapping
from typing import Any

from harmodels.data.units import unit_factor
from harmodels.errors import ConfigurationError

# Code of a folder → activity.
CODES = {
    "dws": "downstairs",
    "jog": "jogging",
    "sit": "sitting",
    "std": "standing",
    "ups": "upstairs",
    "wlk": "walking",
}
# Activity → the numbers of its trials in the authors' archive.
TRIALS = {
    "downstairs": (1, 2, 11),
    "jogging": (9, 16),
    "sitting": (5, 13),
    "standing": (6, 14),
    "upstairs": (3, 4, 12),
    "walking": (7, 8, 15),
}
INDEX = ""  # the first column, which has no name: 0, 1, 2, …
ATTITUDE = ("attitude.roll", "attitude.pitch", "attitude.yaw")
AXES = ("x", "y", "z")
GRAVITY, TURN, USER = (
    tuple(f"{sensor}.{axis}" for axis in AXES)
    for sensor in ("gravity", "rotationRate", "userAcceleration")
)
# Channel → the columns whose sum it is, and their unit: total acceleration and the gyroscope.
CHANNELS: dict[str, tuple[tuple[str, ...], str]] = {
    **{f"acc_{axis}": ((f"gravity.{axis}", f"userAcceleration.{axis}"), "g") for axis in AXES},
    **{f"gyro_{axis}": ((f"rotationRate.{axis}",), "rad/s") for axis in AXES},
}


def check_device_motion(entry: Mapping[str, Any], where: str) -> None:
    """Check classes and channels of a registry entry of the format `motionsense`.

    Raises
    ------
    ConfigurationError
        Naming the class or the channel that the files do not hold, or a unit that is not one of
        what they measure.
    """
    for name in entry["classes"]:
        if name not in CODES.values():
            raise ConfigurationError(
                f"{where}.classes: {name!r} is none of the activities of the format motionsense, "
                f"{', '.join(CODES.values())}"
            )
    for channel, unit in entry["channels"].items():
        if channel not in CHANNELS:
            raise ConfigurationError(
                f"{where}.channels: {channel!r} is none of the channels of the format motionsense, "
                f"{', '.join(CHANNELS)}"
            )
        try:
            unit_factor(CHANNELS[channel][1], unit)
        except ValueError as error:
            raise ConfigurationError(f"{where}.channels.{channel}: {error}") from None
