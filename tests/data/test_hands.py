import pytest

from harmodels.data.formats.fpha import SKELETON
from harmodels.data.hands import describe_hands, fingers_of
from harmodels.data.skeletons import FINGERS
from harmodels.errors import DataError

HANDS = ("sfinge3d", "fpha", "simulated-hands")


@pytest.mark.parametrize("name", HANDS)
def test_five_fingers_of_fifteen_channels_share_the_root_and_make_the_hand(name, registry):
    dataset = registry[name]
    assert [len(finger) for finger in fingers_of(dataset)] == [15] * 5
    first, *others = (set(finger) for finger in fingers_of(dataset))
    root = first.intersection(*others)
    assert len(root) == 3
    rest = [finger - root for finger in (first, *others)]
    assert sum(len(finger) for finger in rest) == len(set().union(*rest))
    assert first.union(*others) == set(range(len(dataset.channel_group("hand"))))


@pytest.mark.parametrize(
    ("name", "finger", "joints"),
    [
        ("fpha", 3, "wrist ring_mcp ring_pip ring_dip ring_tip"),
        ("sfinge3d", 0, "palm thumb_a thumb_a thumb_b thumb_end"),  # its base twice
    ],
)
def test_the_root_comes_first_and_the_tip_last(name, finger, joints, registry):
    names = registry[name].channel_group("hand")
    channels = [names[channel] for channel in fingers_of(registry[name])[finger]]
    assert channels[::3] == [f"{joint}_x" for joint in joints.split()]


def test_the_benchmark_has_its_published_order_of_joints(registry):
    short = {finger[0]: finger for finger in FINGERS}
    published = "TMCP IMCP MMCP RMCP PMCP TPIP TDIP TTIP IPIP IDIP ITIP MPIP MDIP MTIP RPIP RDIP"
    published += " RTIP PPIP PDIP PTIP"
    others = [f"{short[name[0].lower()]}_{name[1:].lower()}" for name in published.split()]
    assert list(SKELETON.joints) == ["wrist", *others]
    assert registry["fpha"].channels[:3] == ("wrist_x", "wrist_y", "wrist_z")
    assert registry["fpha"].channels[-1] == "pinky_tip_z"


def test_the_groups_of_sfinge3d_are_parts_of_its_channels(registry):
    dataset = registry["sfinge3d"]
    sizes = {name: len(group) for name, group in dataset.channel_groups.items()}
    assert sizes == {"hand": 60, "palm_relative": 57, "palm_path": 3, "palm_turn": 4}
    assert dataset.channels == dataset.channel_group("hand") + dataset.channel_group("palm_turn")


def test_units_are_those_of_the_registry_and_a_quaternion_has_none(registry):
    assert set(registry["fpha"].units) == {"100 mm"}
    assert registry["sfinge3d"].units[-5:] == ("100 mm", "1", "1", "1", "1")


def test_the_card_says_which_joints_form_which_finger_and_a_waist_has_none(registry):
    said = describe_hands(registry["fpha"])
    assert said["joints"] == 21
    assert list(said["fingers"]) == list(FINGERS)
    assert said["fingers"]["middle"][3:6] == ["middle_mcp_x", "middle_mcp_y", "middle_mcp_z"]
    assert said["normalise"] == {"origin": "first_wrist", "unit_mm": 100}
    with pytest.raises(DataError, match="uci-har has no fingers: its format uci_har is none of"):
        fingers_of(registry["uci-har"])
