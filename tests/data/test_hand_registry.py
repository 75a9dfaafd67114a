from collections.abc import Callable
from typing import Any

import pytest

from harmodels.data.dataset import Dataset
from harmodels.data.registry_checks import check_combination
from harmodels.data.simulation.hand_motion import ACTIONS
from harmodels.errors import ConfigurationError

Entry = dict[str, Any]
PLAN = {
    "seed": 1,
    "subjects": 2,
    "repetitions": 1,
    "shortest_frames": 2,
    "median_frames": 3,
    "longest_frames": 4,
}


@pytest.fixture
def hands() -> Entry:
    return {
        "format": "fpha",
        "classes": ["stir", "write"],
        "normalise": {"unit_mm": 1, "origin": "world"},
        "simulation": dict(PLAN),
    }


def test_the_benchmark_is_never_downloaded(registry: dict[str, Dataset]) -> None:
    archive = registry["fpha"].archive
    assert archive is not None
    assert archive.user_file


def test_simulated_actions_are_those_of_the_benchmark(registry: dict[str, Dataset]) -> None:
    assert registry["fpha"].classes == tuple(ACTIONS)
    assert set(registry["simulated-hands"].classes) < set(ACTIONS)


def test_simulated_hands_have_the_channels_of_the_benchmark(registry: dict[str, Dataset]) -> None:
    assert registry["simulated-hands"].channels == registry["fpha"].channels
    assert registry["simulated-hands"].normalise == registry["fpha"].normalise


def test_every_member_that_is_read_has_a_checksum(registry: dict[str, Dataset]) -> None:
    archive = registry["sfinge3d"].archive
    assert archive is not None
    assert archive.checksums is not None
    assert len(archive.checksums) == 13 * 36 + 72 + 1


def test_an_entry_of_hands_is_accepted(hands: Entry) -> None:
    check_combination(hands, "toy")


WRONG: dict[str, tuple[Callable[[Entry], object], str]] = {
    "no normalise": (lambda e: e.pop("normalise"), "sfinge3d or fpha needs the key normalise"),
    "no origin": (lambda e: e["normalise"].pop("origin"), "fpha needs the key origin"),
    "origin of the palm": (lambda e: e.update(format="sfinge3d"), "sfinge3d has none"),
    "channels": (lambda e: e.update(channels={"x": "m"}), "so leave out the key channels"),
    "no channels": (
        lambda e: (e.update(format="uci_har"), e.pop("normalise")),
        "the format uci_har needs the key channels",
    ),
    "no acceleration": (
        lambda e: (
            e.update(format="uci_har", channels={"x": "g"}, channel_groups={"all": ["x"]}),
            e.pop("normalise"),
        ),
        "uci_har needs the group acceleration",
    ),
    "seconds": (
        lambda e: e["simulation"].update(seconds_per_class=1),
        "the format fpha has no seconds_per_class",
    ),
    "no repetitions": (lambda e: e["simulation"].pop("repetitions"), "fpha needs repetitions"),
    "lengths that do not rise": (
        lambda e: e["simulation"].update(median_frames=4),
        "shortest_frames, median_frames and longest_frames must rise",
    ),
    "everybody tested": (
        lambda e: e["simulation"].update(test_subjects=2),
        "test_subjects must be fewer than subjects",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_keys_that_contradict_each_other_are_refused(case: str, hands: Entry) -> None:
    change, message = WRONG[case]
    change(hands)
    with pytest.raises(ConfigurationError, match=message):
        check_combination(hands, "toy")
