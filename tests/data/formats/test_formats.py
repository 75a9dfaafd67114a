"""What holds for every raw format, and a format that is defined outside the package."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from harmodels.data.dataset import Dataset
from harmodels.data.formats import CHANNELS, FORMATS, Format, Raw
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
