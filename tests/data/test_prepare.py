import json
from dataclasses import replace

import numpy as np
import pytest

from harmodels.data.prepare import prepare
from harmodels.data.sequences import read_sequences
from harmodels.data.simulation.recordings import simulate
from harmodels.files import git_blob, sha256


def _prepare(dataset, folder):
    prepare(dataset, folder / "raw", folder / "sequences.parquet", folder / "card.json")
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


@pytest.fixture
def card(small_uci, tmp_path):
    simulate(small_uci, tmp_path / "raw")
    return _prepare(small_uci, tmp_path)


def test_the_card_counts_each_class_and_person_of_each_half(card):
    assert card["counts"]["train"] == dict.fromkeys(card["classes"], 4)
    assert card["counts"]["test"] == dict.fromkeys(card["classes"], 2)
    assert card["subjects"] == {"train": {"1": 12, "2": 12}, "test": {"3": 12}}


def test_card_and_sequences_say_what_the_recordings_are(card, small_uci, tmp_path):
    assert card["simulated"] is True
    assert card["simulation"]["seed"] == 3
    assert card["length"] == {"min": 128, "median": 128.0, "max": 128}
    assert (card["channels"][0], card["units"][0], card["rate_hz"]) == ("total_acc_x", "g", 50.0)
    assert card["licence"] == small_uci.licence
    sequences = read_sequences(tmp_path / "sequences.parquet")
    assert sequences.facts == small_uci.facts
    assert len(sequences) == card["sequences"]


def test_the_card_holds_the_hash_of_every_raw_file(card, tmp_path):
    assert len(card["sources"]) == 1 + 2 * (9 + 2)
    name = "UCI HAR Dataset/train/y_train.txt"
    assert card["sources"][name] == sha256(tmp_path / "raw" / name)


def test_a_data_set_without_halves_is_counted_as_a_whole(small_wisdm, tmp_path):
    simulate(small_wisdm, tmp_path / "raw")
    card = _prepare(small_wisdm, tmp_path)
    assert card["counts"] == {"all": dict.fromkeys(card["classes"], 4)}
    assert card["dropped"]["timestamp is zero"] == 12
    assert "official_records" not in card


def test_the_card_says_whether_a_users_file_is_the_known_one(registry, tmp_path, caplog):
    h5py = pytest.importorskip("h5py")
    dataset = registry["course-h5"]
    (tmp_path / "raw").mkdir()
    path = tmp_path / "raw" / dataset.path
    with h5py.File(path, "w") as file:
        for half in ("tr", "tst"):
            file[f"{half}X"] = np.zeros((1, 150, 3), dtype=np.float32)
            file[f"{half}Y"] = np.eye(6, dtype=np.float32)[:1]
    assert _prepare(dataset, tmp_path)["known_file"] is False
    assert f"course.h5 has the git blob hash {git_blob(path)}, the known file" in caplog.text
    known = replace(dataset, archive=dataset.archive.replaced(git_blob=git_blob(path)))
    assert _prepare(known, tmp_path)["known_file"] is True
