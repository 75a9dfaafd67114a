"""How a simulated phone is worn, and how its axes lie: as in the recordings of each format."""

from dataclasses import dataclass

import numpy as np

from harmodels.data.simulation.phone_motion import Array


@dataclass(frozen=True)
class Placement:
    """A phone on a person.

    Attributes
    ----------
    on_thigh
        Whether it is in a trouser pocket, where it swings with the leg; else at the waist.
    axes
        Rows: its x, y and z in up, left and forward.
    sign
        Of accelerations: an iPhone's gravity points down, where others feel the push up.
    """

    on_thigh: bool
    axes: tuple[tuple[int, int, int], ...]
    sign: int = 1

    def acceleration(self, body: Array) -> Array:
        """Return (T, 3) along the phone's axes, of up, left, forward."""
        return self.sign * self.rotation(body)

    def rotation(self, body: Array) -> Array:
        """Return (T, 3) angular velocity along the phone's axes, of up, left, forward."""
        return body @ np.array(self.axes, dtype=np.float64).T


UP, LEFT, FORWARD, DOWN = (1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)
WAIST = Placement(False, (UP, LEFT, FORWARD))
# By format; others are worn as UCI HAR was. The iPhone is upside down.
PLACEMENTS = {
    "uci_har": WAIST,
    "wisdm": Placement(True, (LEFT, UP, FORWARD)),
    "motionsense": Placement(True, (LEFT, DOWN, FORWARD), sign=-1),
}
