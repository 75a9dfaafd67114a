"""The draw of report hand_actions, which follows the data set."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harmodels.data.dataset import HandSimulation
from harmodels.data.prepare import read_raw
from harmodels.data.registry import load_registry
from harmodels.data.simulation.recordings import simulate
from harmodels.data.splits import Draw, draw_splits
from harmodels.errors import ConfigurationError
from harmodels.pipeline.inputs import Inputs
from harmodels.pipeline.pipeline import load_pipeline

HANDS = {"datasets": ["fpha", "sfinge3d", "simulated-hands"]}
# 12 recordings of each of the 45 actions, of which the last two people are the official test half
SMALL = HandSimulation(
    seed=1, subjects=6, repetitions=2, shortest_frames=2, median_frames=3, longest_frames=4,
    test_subjects=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def hands(repository, tmp_path_factory):
    """Recordings with the benchmark's 45 actions, in its format."""
    folder = tmp_path_factory.mktemp("hands")
    entry = load_registry(repository / "config" / "datasets.yaml")["fpha"]
    dataset = replace(entry, archive=None, simulation=SMALL)
    simulate(dataset, folder)
    return read_raw(dataset, folder)[0]


def drawn(inputs, wildcards, dataset):
    return inputs.draw(wildcards(report="hand_actions", dataset=dataset, draw="report"))["draw"]


def test_five_of_each_action_are_tested_on_and_all_others_trained_on(hands, load, wildcards):
    draw = Draw(**drawn(Inputs(load(reports={"hand_actions": HANDS})), wildcards, "fpha"))
    table = {"id": hands.ids, "label": hands.labels, "half": hands.official_split}
    frame = draw_splits(hands, draw, seed=1, replicates=2).merge(pd.DataFrame(table), on="id")
    counts = frame.groupby(["replicate", "label", "split"]).size().unstack()
    assert len(counts) == 2 * 45
    assert (counts["test"] == 5).all()
    assert (counts["validation"] == draw.validation_per_class).all()
    assert (counts.sum(axis=1) == 12).all()
    tested = frame[frame["split"] == "test"]
    # all replicates are tested on the same recordings, of both official halves
    assert tested.groupby("id").size().unique().tolist() == [2]
    assert set(tested["half"]) == {"train", "test"}


@pytest.mark.parametrize("dataset", ["sfinge3d", "simulated-hands"])
def test_other_hands_keep_their_official_halves(load, wildcards, dataset):
    draw = drawn(Inputs(load(reports={"hand_actions": HANDS})), wildcards, dataset)
    assert Draw(**draw).protocol == ("official", "subjects")
    assert Draw(**draw).test_per_class is None


def test_the_benchmarks_own_halves_are_a_key_away(hands, load, wildcards):
    """The plan in docs/howto.md."""
    plan = HANDS | {"draw": {"protocol": "official", "test_per_class": None}}
    draw = Draw(**drawn(Inputs(load(reports={"hand_actions": plan})), wildcards, "fpha"))
    frame = draw_splits(hands, draw, seed=1, replicates=1)
    tested = frame.loc[frame["split"] == "test", "id"]
    assert set(tested) == set(hands.ids[hands.official_split == "test"])
    assert len(frame) == len(hands)
    assert np.unique(hands.labels).size == 45


def test_a_draw_of_a_data_set_that_does_not_exist_is_refused(repository, tmp_path):
    shutil.copytree(repository / "config", tmp_path / "config")
    path = tmp_path / "config" / "reports" / "hand_actions.yaml"
    path.write_text(path.read_text().replace("  fpha: {protocol", "  fpa: {protocol"))
    says = r"hand_actions.yaml: draw_by_dataset: .* 'fpa'.* mean 'fpha'"
    with pytest.raises(ConfigurationError, match=says):
        load_pipeline({"reports": {"hand_actions": {"datasets": ["sfinge3d"]}}}, tmp_path)
