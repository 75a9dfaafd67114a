"""The joints of a hand as each raw format names and orders them, and the channels made of them."""

from collections.abc import Mapping
from dataclasses import dataclass

AXES = ("x", "y", "z")
FINGERS = ("thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class Skeleton:
    """The joints of one raw format."""

    root: str  # the joint that all fingers share: palm or wrist
    joints: tuple[str, ...]  # in the order of the raw file, the root first
    fingers: Mapping[str, tuple[str, ...]]  # from the palm to the tip, without the root
    unit_mm: float  # millimetres of one unit of the raw positions
    relative: bool  # whether positions are relative to the root, but for its own
    turn: tuple[str, ...] = ()  # channels of the root's orientation, where they are kept

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel names: of every joint its x, y and z.

        Where positions are relative to the root, the root's own path stands last and its
        orientation after it, so that the channels of the fingers keep their places in any group.
        """
        others = self.joints[1:]
        order = (*others, self.root) if self.relative else self.joints
        return (*(name for joint in order for name in positions(joint)), *self.turn)

    @property
    def channel_groups(self) -> dict[str, tuple[str, ...]]:
        """Named subsets of the channels; `hand` is in all of them and holds every position."""
        hand = self.channels[: len(self.channels) - len(self.turn)]
        if not self.relative:
            return {"hand": hand}
        path = positions(self.root)
        return {
            "hand": hand,
            f"{self.root}_relative": hand[: -len(path)],
            f"{self.root}_path": path,
            f"{self.root}_turn": self.turn,
        }

    @property
    def finger_channels(self) -> dict[str, tuple[str, ...]]:
        """Finger → the channels that the hierarchical network reads, equally many of each.

        They are those of the root and of the finger's joints. A finger with fewer joints than
        the others (the thumb of SFINGE3D) begins with its base joint as often as needed.
        """
        most = max(len(joints) for joints in self.fingers.values())
        result = {}
        for finger, joints in self.fingers.items():
            filled = (self.root, *joints[:1] * (most - len(joints)), *joints)
            result[finger] = tuple(name for joint in filled for name in positions(joint))
        return result


def positions(joint: str) -> tuple[str, ...]:
    """Return the three channels of a joint's position."""
    return tuple(f"{joint}_{axis}" for axis in AXES)
