"""How a simulated phone is worn, and how its axes lie: as in the recordings of each format."""

from dataclasses import dataclass

import numpy as np

from harmodels.data.simulation.phone_motion import Array


@dataclass(frozen=True)
class Placement:
    """A phone on a person."""

    on_thigh: bool  # in a trouser pocket, where it swings with the leg; else at the waist
    axes: tuple[tuple[int, int, int], ...]  # rows: its x, y, z in up, left, forward
    sign: int = 1  # of accelerations: on an iPhone gravity points down

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
