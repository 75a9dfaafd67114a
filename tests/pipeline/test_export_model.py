"""Exported models: they predict what their run predicted, and say where they come from."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_expit, log_softmax

import harmodels
from harmodels.config.options import OPTIONS as KINDS
from harmodels.config.project import ModelPlan
from harmodels.data.dataset import Dataset, Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.features.catalogue import catalogue
from harmodels.data.features.checks import RAW_CHANNELS
from harmodels.data.features.mapping import AffineMap, write_map
from harmodels.data.features.tables import feature_sequences
from harmodels.data.look import gravity_of
from harmodels.data.sequences import write_sequences
from harmodels.data.splits import Draw
from harmodels.errors import ConfigurationError, ModelError, ResultsError
from harmodels.evaluation.predictions import scores_of, select
from harmodels.files import read_json, read_table
from harmodels.pipeline.export_model import ModelSource, export_model
from harmodels.pipeline.models import ModelInputs, classify_arguments
from tests.toys import JOB, run_toy, sequences_of, write_inputs

CLASSES = ("walking", "lying", "sitting")  # in no alphabetical order
CHANNELS = ("acc_x", "acc_y", "acc_z")
DRAW = Draw(validation_per_class=2)
OPTIONS = {
    "truncated_bptt": {"hidden": 5, "window": 4, "learning_rate": 0.1, "epochs": 2},
    "minibatch": {"hidden": 5, "batch_size": 4, "learning_rate": 0.1, "epochs": 2},
    "recurrent": {"hidden": 5, "layers": 2, "batch_size": 4, "epochs": 2, "cell": "lstm"},
}
HIERARCHY = {"architecture": "hierarchical", "hidden": 6, "finger_hidden": 2, "epochs": 2}


@pytest.fixture(scope="module")
def recorded():
    """Return 48 sequences of 10 steps of six people."""
    noise = np.random.default_rng(0).normal(size=(48, 10, 3))
    values = noise * 0.5 + (np.arange(48) % 3)[:, None, None]
    facts = SequenceFacts("toy", CLASSES, CHANNELS, ("g",) * 3, 50.0)
    return sequences_of(values, test=12, facts=facts, people=6)


@pytest.fixture(scope="module")
def features(recorded):
    """Return 561 features of the same sequences."""
    count = len(catalogue())
    values = np.random.default_rng(1).normal(size=(48, count)) + recorded.labels[:, None] * 0.1
    return feature_sequences(recorded, values)


@pytest.fixture
def train(recorded, tmp_path):
    """Return a function that trains one configuration and returns its folder."""

    def run(training, options, name="one", sequences=recorded, draw=DRAW, **changes):
        write_inputs(tmp_path, sequences, draw)
        write_sequences(tmp_path / "sequences.parquet", sequences)
        changes |= {"options": KINDS[training](**options).model_dump(warnings=False)}
        changes |= {"name": name, "configuration": {"name": name}, "training": training}
        channels = CHANNELS if sequences is recorded else None
        return run_toy(tmp_path, name, replace(JOB, channels=channels, **changes))

    return run


@pytest.fixture
def export(tmp_path):
    """Return a function that exports a run and loads the model."""

    def run(folders, feature_map=None, draw=DRAW, **plan):
        dataset = Dataset(
            name="toy", title="Toy", licence="CC0", citation="Nobody: Nothing", homepage="",
            format="wisdm", path="", rate_hz=50.0, channels=CHANNELS, units=("g",) * 3,
            channel_groups={}, classes=CLASSES, worn="in the hand",
            window=Window(steps=10, step=5, largest_gap_s=0.2),
        )  # fmt: skip
        plan = ModelPlan(report="r", dataset="toy", experiment="e", **plan)
        sequences = tmp_path / "sequences.parquet"
        source = ModelSource(plan, folders, dataset, sequences, draw, feature_map)
        export_model(source, tmp_path / "model")
        return harmodels.load(tmp_path / "model")

    return run


def check_predictions(model, folder, sequences, checkpoint="last", sigmoid=False):
    """Check that a model predicts of the same sequences what its run predicted."""
    frame = select(read_table(folder / "predictions.parquet")[0].to_pandas(), checkpoint)
    rows = {name: row for row, name in enumerate(sequences.ids)}
    for replicate, own in frame.groupby("replicate"):
        inputs = [sequences[rows[name]] for name in own["id"]]
        if len(inputs[0]) == 1:
            inputs = np.concatenate(inputs)  # vectors
        logits = scores_of(own)
        wanted = np.exp(log_softmax(log_expit(logits) if sigmoid else logits, axis=1))
        found = model.predict_proba_all(inputs)[replicate]
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        assert np.array_equal(found.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize("training", [*OPTIONS, "hierarchical"])
@pytest.mark.parametrize("checkpoint", ["last", "best"])
def test_a_model_predicts_what_its_run_predicted(training, checkpoint, train, export, recorded):
    if training == "hierarchical":
        folder = train("recurrent", HIERARCHY, fingers=((0, 1), (1, 2)))
    else:
        folder = train(training, OPTIONS[training])
    model = export([folder], configuration="one", checkpoint=checkpoint)
    sigmoid = training in ("truncated_bptt", "minibatch")
    check_predictions(model, folder, recorded, checkpoint, sigmoid)


def test_a_model_says_and_reads_the_unit_of_its_training(train, export, recorded):
    options = {"hidden": 4, "window": 5, "epochs": 2}
    folder = train("truncated_bptt", options, unit="m/s²")
    model = export([folder], configuration="one")
    assert (model.card_.channels, model.card_.units) == (CHANNELS, ("m/s²",) * 3)
    check_predictions(model, folder, recorded.in_unit("m/s²"), sigmoid=True)


@pytest.mark.parametrize("form", ["at_inference", "inverted", "as_programmed"])
def test_a_perceptron_keeps_its_map_of_features(train, export, features, tmp_path, form):
    dropout = {"dropout": 0.5, "dropout_form": form, "gap_after": 1}
    options = {"hidden1": 6, "hidden2": 4, "epochs": 2, **dropout}
    folder = train("perceptron", options, sequences=features)
    lines = np.arange(4.0 * len(catalogue())).reshape(4, -1)
    write_map(tmp_path / "map.parquet", AffineMap(*lines))
    model = export([folder], tmp_path / "map.parquet", configuration="one")
    assert (model.card_.channels, model.card_.units) == (RAW_CHANNELS, ("g",) * 3 + ("rad/s",) * 3)
    np.testing.assert_array_equal(model.card_.features.slope, lines[0])
    np.testing.assert_array_equal(model.card_.features.intercept, lines[1])
    check_predictions(model, folder, features)


def test_a_model_keeps_the_gravity_of_its_training(train, export, recorded):
    options = {"hidden": 4, "window": 5, "epochs": 1}
    model = export([train("truncated_bptt", options, unit="m/s²")], configuration="one")
    training = recorded.take(np.flatnonzero(recorded.official_split == "train"))
    windows = training.values.reshape(len(training), -1, 3)
    assert model.card_.gravity == gravity_of(windows, training.labels, CHANNELS, ("g",) * 3)


def test_a_model_of_features_keeps_the_gravity_of_their_windows(
    train, export, features, recorded, tmp_path
):
    """The rule gives the recordings of the data set, not the features that the run read."""
    write_map(tmp_path / "map.parquet", AffineMap(*np.ones((4, len(catalogue())))))
    folder = train("perceptron", {"hidden1": 3, "hidden2": 3, "epochs": 1}, sequences=features)
    facts = replace(recorded.facts, channels=RAW_CHANNELS[:3])
    write_sequences(tmp_path / "sequences.parquet", replace(recorded, facts=facts))
    model = export([folder], tmp_path / "map.parquet", configuration="one")
    training = recorded.take(np.flatnonzero(recorded.official_split == "train"))
    windows = training.values.reshape(len(training), -1, 3)
    expected = gravity_of(windows, training.labels, RAW_CHANNELS[:3], ("g",) * 3)
    assert model.card_.gravity == expected


def test_labels_in_the_order_of_the_data_set_can_be_scored(train, export, recorded):
    model = export([train("recurrent", OPTIONS["recurrent"])], configuration="one")
    inputs = [recorded[row] for row in range(len(recorded))]
    names = np.array(CLASSES)[recorded.labels]
    right = (model.predict(inputs) == names).mean()
    assert model.classes_.tolist() == list(CLASSES)
    assert model.score(inputs, names) == pytest.approx(right)


def test_one_network_of_a_run_can_be_taken(train, export, recorded):
    folder = train("recurrent", OPTIONS["recurrent"])
    both = export([folder], configuration="one").predict_proba_all([recorded[0]])
    second = export([folder], configuration="one", replicates=(1,)).predict_proba_all([recorded[0]])
    np.testing.assert_array_equal(second, both[1:])


def test_the_card_says_whose_data_it_was_and_how_well_it_did(train, export, edit_json):
    folder = train("recurrent", OPTIONS["recurrent"])
    card = export([folder], configuration="one").card_
    assert (card.data.licence, card.data.worn) == ("CC0", "in the hand")
    run = read_json(folder / "run.json")
    assert card.data.sha256 == run["data"]["sequences"]
    assert (card.window_steps, card.window_step, card.channels) == (10, 5, CHANNELS)
    assert (card.accuracy.people, card.accuracy.networks, card.accuracy.sequences) == (6, 2, 12)
    assert card.origin["configuration"] == "one"
    assert card.origin["weights_sha256"] == [run["files"]["weights.safetensors"]]
    edit_json(folder / "run.json", {"files": None})
    with pytest.raises(ResultsError, match=r"run\.json lacks the hashes"):
        export([folder], configuration="one")


PROTOCOLS = [
    ({"protocol": ("official", "subjects")}, True),  # both halves are of the same people
    ({"protocol": "random"}, True),
    ({"protocol": "per_class", "test_per_class": 3}, True),
    ({"protocol": "subjects"}, False),
    ({"protocol": "subjects", "test_subjects": ("p0",)}, False),
]


@pytest.mark.parametrize(("draw", "shared"), PROTOCOLS)
def test_the_card_counts_whom_a_model_was_tested_and_trained_on(
    draw, shared, train, export, recorded, tmp_path
):
    draw = Draw(validation_per_class=2, **draw)
    rows = np.arange(len(recorded))
    everything = replace(recorded, labels=(rows + rows // 6) % len(CLASSES))  # done by everybody
    folder = train("recurrent", OPTIONS["recurrent"], sequences=everything, draw=draw)
    accuracy = export([folder], draw=draw, configuration="one").card_.accuracy
    splits = read_table(tmp_path / "splits.parquet")[0].to_pandas()
    people = dict(zip(everything.ids, everything.subjects, strict=True))
    tested, others = (
        set(splits.loc[(splits["split"] == "test") == side, "id"].map(people))
        for side in (True, False)
    )
    assert accuracy.protocol == (draw.protocol if type(draw.protocol) is str else "official")
    assert (accuracy.people, accuracy.trained_on) == (len(tested), len(tested & others))
    assert bool(accuracy.trained_on) is shared
    assert (accuracy.over_people is None) is (shared or len(tested) == 1)


def test_of_nameless_people_the_card_counts_none(train, export, recorded):
    nameless = replace(recorded, subjects=np.full(len(recorded), ""))
    draw = replace(DRAW, protocol="random")
    folder = train("recurrent", OPTIONS["recurrent"], sequences=nameless, draw=draw)
    accuracy = export([folder], draw=draw, configuration="one").card_.accuracy
    assert (accuracy.people, accuracy.trained_on, accuracy.over_people) == (0, None, None)


def test_the_best_configuration_is_chosen_on_validation_data(train, export):
    slow = train("recurrent", OPTIONS["recurrent"] | {"learning_rate": 1e-9}, "slow")
    fast = train("recurrent", OPTIONS["recurrent"] | {"learning_rate": 0.02, "epochs": 15}, "fast")
    origin = export([slow, fast], configuration="best").card_.origin
    assert (origin["configuration"], origin["chosen_on"]) == ("fast", "validation accuracy")


def test_a_cell_without_an_estimator_is_refused(train, export):
    folder = train("recurrent", OPTIONS["recurrent"] | {"cell": "simple_rnn"})
    with pytest.raises(ModelError, match=r"simple_rnn layers.*name another configuration"):
        export([folder], configuration="one")


BASELINES = {"report": "mlp_features", "dataset": "uci-har", "experiment": "baselines"}
GOOD = {"report": "rnn_tbptt", "dataset": "simulated", "experiment": "part_c"}


def test_rules_ask_for_the_runs_among_which_a_model_is_chosen(load, wildcards):
    models = ModelInputs(load(models={"mine": GOOD}))
    assert models.folders() == ["results/models/mine"]
    assert len(models.run_folders(wildcards(model="mine"))) == 8
    name = "learning_rate=0.1+hidden=50+window=30"
    models = ModelInputs(load(models={"mine": GOOD | {"configuration": name}}))
    assert models.run_folders(wildcards(model="mine")) == [
        f"results/rnn_tbptt/simulated/runs/part_c/{name}"
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (BASELINES, "trains no network"),
        ({"report": "rnn"}, "no report 'rnn'"),
        ({"dataset": "uci-har"}, r"models.mine.dataset: .*built on simulated, wisdm"),
        ({"experiment": "part_d"}, "no experiment 'part_d'"),
        ({"experiment": "part_b"}, "no validation data"),
        ({"configuration": "hidden=1"}, "no configuration 'hidden=1'"),
        ({"replicates": [2]}, "no replicate 2"),
        ({"checkpoint": "first"}, "checkpoint"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_plan_that_names_what_is_not_there_is_refused(load, change, message):
    with pytest.raises(ConfigurationError, match=message):
        load(models={"mine": GOOD | change})


def test_an_afternoon_needs_a_model_of_simulated_data(load):
    with pytest.raises(ConfigurationError, match="has no model 'other'"):
        load(models={"mine": GOOD}, afternoons={"a": {"model": "other"}})
    with pytest.raises(ConfigurationError, match="was trained on recorded data"):
        load(models={"mine": GOOD | {"dataset": "wisdm"}}, afternoons={"a": {"model": "mine"}})


def test_the_command_of_an_afternoon_names_each_channel(train, export, tmp_path):
    export([train("recurrent", OPTIONS["recurrent"])], configuration="one")
    files = {"truth": "t.csv", "out": "o.csv", "plot": "p.svg"}
    arguments = classify_arguments("r.csv", str(tmp_path / "model"), **files)
    assert "time=t,acc_x=ax,acc_y=ay,acc_z=az" in arguments
