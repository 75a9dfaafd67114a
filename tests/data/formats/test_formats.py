"""What holds for every raw format, and a format that is defined outside the package."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from harmodels.data.dataset import Dataset
from harmodels.data.formats import CHANNELS, FORMATS, Format, Raw, check_entry
from harmodels.data.prepare import prepare
from harmodels.data.registry import load_registry
from harmodels.data.sequences import Sequences, read_sequences
from harmodels.errors import ConfigurationError, DataError
from harmodels.files import read_json, sha256


def read_toy(dataset: Dataset, path: Path) -> Raw:
    """Read one window a line: the number of its class, then a value a step."""
    table = np.loadtxt(path, dtype=np.float32, ndmin=2)
    windows = table[:, 1:, None]
    sequences = Sequences.of_equal_length(
        dataset.facts,
        windows,
        ids=[f"{number:05d}" for number in range(1, len(windows) + 1)],
        subjects=np.full(len(windows), "me"),
        official_split=np.full(len(windows), ""),
        labels=table[:, 0].astype(np.int64),
    )
    return Raw(sequences, {"dropped": {}}, [path])


ENTRY = {
    "title": "Mine",
    "licence": "mine",
    "citation": "me",
    "format": "toy",
    "path": "toy.txt",
    "rate_hz": 5,
    "classes": ["sit", "walk"],
    "recorded_hz": 5,
    "channels": {"x": "g"},
    "channel_groups": {"all": ["x"]},
    "archive": {"file": "toy.zip", "user_file": True, "largest_bytes": 1000},
}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict], Dataset]:
    """Make the format known; a function reads an entry from a registry of a user's own."""
    monkeypatch.setitem(FORMATS, "toy", Format(read_toy, needs=CHANNELS | {"recorded_hz"}))

    def write_and_read(entry: dict) -> Dataset:
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({"mine": entry}), encoding="utf-8")
        return load_registry(path)["mine"]

    return write_and_read


def test_a_format_of_ones_own_is_prepared_like_any_other(
    register: Callable[[dict], Dataset], tmp_path: Path
) -> None:
    (tmp_path / "toy.txt").write_text("0 1 2 3\n1 4 5 6\n", encoding="utf-8")
    prepare(register(ENTRY), tmp_path, tmp_path / "s.parquet", tmp_path / "card.json")
    sequences = read_sequences(tmp_path / "s.parquet")
    assert (sequences.labels.tolist(), sequences[1][:, 0].tolist()) == ([0, 1], [4, 5, 6])
    card = read_json(tmp_path / "card.json")
    assert card["counts"] == {"all": {"sit": 1, "walk": 1}}
    assert card["sources"] == {"toy.txt": sha256(tmp_path / "toy.txt")}


def test_what_the_new_format_needs_is_asked_for(
    register: Callable[[dict], Dataset], tmp_path: Path
) -> None:
    wrong = {key: value for key, value in ENTRY.items() if key != "recorded_hz"}
    with pytest.raises(ConfigurationError, match="mine: the format toy needs the key recorded_hz"):
        register(wrong)
    (tmp_path / "toy.txt").write_text("0 1\n", encoding="utf-8")
    made = replace(register(ENTRY), recorded_hz=None)
    with pytest.raises(DataError, match="mine: its format toy needs the key recorded_hz"):
        prepare(made, tmp_path, tmp_path / "s.parquet", tmp_path / "card.json")


@pytest.mark.parametrize("name", FORMATS)
def test_missing_raw_files_are_named(
    name: str, registry: dict[str, Dataset], tmp_path: Path
) -> None:
    dataset = next((d for d in registry.values() if d.format == name), registry["wisdm"])
    with pytest.raises(DataError, match=rf"{dataset.name}: .*{dataset.path} does not exist"):
        prepare(dataset, tmp_path, tmp_path / "s.parquet", tmp_path / "card.json")


Entry = dict[str, Any]
HANDS: Entry = {
    "format": "fpha",
    "classes": ["stir", "write"],
    "normalise": {"unit_mm": 1, "origin": "world"},
    "simulation": {
        "seed": 1,
        "subjects": 2,
        "repetitions": 1,
        "shortest_frames": 2,
        "median_frames": 3,
        "longest_frames": 4,
    },
}
MOTION: Entry = {
    "format": "motionsense",
    "classes": ["walking"],
    "channels": {"acc_x": "g"},
    "channel_groups": {"acceleration": ["acc_x"]},
    "window": {"steps": 2, "step": 1},
    "recorded_hz": 50,
}
WRONG: dict[str, tuple[Entry, Callable[[Entry], object], str]] = {
    "no normalise": (HANDS, lambda e: e.pop("normalise"), "format fpha needs the key normalise"),
    "no origin": (HANDS, lambda e: e["normalise"].pop("origin"), "needs the key normalise.origin"),
    "origin of the palm": (
        HANDS,
        lambda e: (e.update(format="sfinge3d"), e.pop("simulation")),
        "the format sfinge3d has no key normalise.origin; remove it or choose another format",
    ),
    "hands that cannot be simulated": (
        HANDS,
        lambda e: (e.update(format="sfinge3d"), e["normalise"].pop("origin")),
        "the format sfinge3d has no key simulation",
    ),
    "channels": (HANDS, lambda e: e.update(channels={}), "the format fpha has no key channels"),
    "seconds": (
        HANDS,
        lambda e: e["simulation"].update(seconds_per_class=1),
        "the format fpha has no key simulation.seconds_per_class",
    ),
    "no repetitions": (
        HANDS,
        lambda e: e["simulation"].pop("repetitions"),
        "fpha needs the key simulation.repetitions",
    ),
    "no channels": (MOTION, lambda e: e.pop("channels"), "needs the key channels"),
    "no acceleration": (
        MOTION,
        lambda e: e["channel_groups"].update(all=e["channel_groups"].pop("acceleration")),
        "needs the key channel_groups.acceleration",
    ),
    "no window": (MOTION, lambda e: e.pop("window"), "motionsense needs the key window"),
    "no rate of the files": (MOTION, lambda e: e.pop("recorded_hz"), "needs the key recorded_hz"),
    "a pause without times": (
        MOTION,
        lambda e: e["window"].update(largest_gap_s=0.2),
        "the format motionsense has no key window.largest_gap_s",
    ),
    "a channel that the files lack": (
        MOTION,
        lambda e: e["channels"].update(magnet_x="T"),
        r"channels: 'magnet_x' is none of the channels .* acc_x",
    ),
    "a unit of something else": (
        MOTION,
        lambda e: e["channels"].update(acc_x="rad/s"),
        r"channels\.acc_x: g measures acceleration, but rad/s",
    ),
    "an activity that the files lack": (
        MOTION,
        lambda e: e["classes"].append("swimming"),
        r"classes: 'swimming' is none of the activities",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_entry_has_the_keys_of_its_format_and_no_others(case: str) -> None:
    entry, change, message = WRONG[case]
    changed = copy.deepcopy(entry)
    check_entry(changed, "toy")
    change(changed)
    with pytest.raises(ConfigurationError, match=rf"^toy.*{message}"):
        check_entry(changed, "toy")
