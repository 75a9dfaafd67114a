"""What a data set of hands says of itself: its joints, and which channels form a finger."""

from typing import Any

from harmodels.data.dataset import Dataset
from harmodels.data.formats import FORMATS
from harmodels.data.skeletons import Skeleton
from harmodels.errors import DataError

GROUP = "hand"


def fingers_of(dataset: Dataset) -> tuple[tuple[int, ...], ...]:
    """Return thumb to pinky the channels of each finger, as indices into the group `hand`.

    Every finger has the same number of channels: the position of the wrist (palm), which all share,
    and of the finger's four joints. The thumb of `sfinge3d` has three joints; its base joint is
    read twice.
    """
    skeleton = _skeleton(dataset)
    places = {name: place for place, name in enumerate(dataset.channel_group(GROUP))}
    return tuple(
        tuple(places[name] for name in names) for names in skeleton.finger_channels.values()
    )


def describe_hands(dataset: Dataset) -> dict[str, Any]:
    """Return what the card of a data set of hands says beyond that of others.

    Keys: `joints` (their number), `joint_names`, `fingers` (finger → names of its channels, all
    of the group `hand`), `channel_groups`, and `normalise` (or null).
    """
    skeleton = _skeleton(dataset)
    return {
        "joints": len(skeleton.joints),
        "joint_names": list(skeleton.joints),
        "fingers": {finger: list(names) for finger, names in skeleton.finger_channels.items()},
        "channel_groups": {name: list(group) for name, group in dataset.channel_groups.items()},
        "normalise": vars(dataset.normalise).copy() if dataset.normalise else None,
    }


def _skeleton(dataset: Dataset) -> Skeleton:
    skeleton = FORMATS[dataset.format].skeleton
    if skeleton is None:
        hands = ", ".join(name for name, known in FORMATS.items() if known.skeleton)
        raise DataError(
            f"{dataset.name} has no fingers: its format {dataset.format} is none of {hands}"
        )
    return skeleton
