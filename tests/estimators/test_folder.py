"""Models as folders: the same predictions after loading, and refusals by name."""

import hashlib
import json
import pickle
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import NotFittedError

import harmodels
from harmodels import ElmanClassifier, GRUClassifier, MLPClassifier, ModelCard, TrainingData
from harmodels.data.look import gravity_of
from harmodels.errors import ModelError
from harmodels.estimators.exports.card import Accuracy, NoiseFilter, Normalisation
from harmodels.files import sha256
from tests.estimators.conftest import MODELS

CARD = ModelCard(
    channels=("acc_x", "acc_y", "acc_z", "turn"),
    units=("g", "g", "g", "rad/s"),
    rate_hz=50.0,
    data=TrainingData("toy", True, "ab" * 32, "CC0", "Nobody: Nothing", "in the hand"),
    window_steps=12,
    window_step=6,
    noise_filter=NoiseFilter(3, ((0.5, 0.5, 0.0, 1.0, 0.0, 0.0),)),
    normalisation=Normalisation((0.0, 0.0, 1.0, 0.0), (1.0, 1.0, 1.0, 2.0)),
    accuracy=Accuracy(0.9, (0.8, 0.95), None, people=4, networks=1, sequences=30),
    origin={"report": "toy"},
)


# model.json as it is written now, but for the hash
WRITTEN = json.loads(
    """
{"format": 2, "harmodels": "0.2.0", "architecture": "GRUClassifier", "files": {},
 "parameters": {"batch_size": 16, "bidirectional": true, "class_weight": null, "clip_norm": 1.0,
  "dropout": 0.0, "epochs": 1, "hidden": 4, "layers": 1, "initialisation": "keras",
  "learning_rate": 0.01, "patience": "auto", "pooling": "mean_max", "random_state": 1,
  "replicates": 1, "scale": "standard", "schedule": "one_cycle", "validation_fraction": "auto",
  "warm_start": false, "weight_decay": 0.0},
 "scaling": null,
 "classes": {"dtype": "str", "values": ["lying", "sitting", "walking"]},
 "inputs": {"channels": 4, "columns": null, "names": null},
 "card": {
  "channels": ["acc_x", "acc_y", "acc_z", "turn"], "units": ["g", "g", "g", "rad/s"],
  "rate_hz": 50.0, "window_steps": 12, "window_step": 6, "features": null,
  "data": {"name": "toy", "simulated": true, "sha256": "DIGEST", "licence": "CC0",
   "citation": "Nobody: Nothing", "worn": "in the hand"},
  "noise_filter": {"median_steps": 3, "sections": [[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]]},
  "normalisation": {"offset": [0.0, 0.0, 1.0, 0.0], "scale": [1.0, 1.0, 1.0, 2.0]},
  "accuracy": {"value": 0.9, "over_people": [0.8, 0.95], "over_seeds": null, "people": 4,
   "networks": 1, "sequences": 30, "trained_on": null, "protocol": null},
  "gravity": null, "origin": {"report": "toy"}}}
""".replace("DIGEST", "ab" * 32)
)

# what the first versions wrote as `parameters`
SHARED = {"patience": None, "random_state": 1, "replicates": 1, "validation_fraction": 0.0}
EARLIER = {
    "GRUClassifier": SHARED
    | {"batch_size": 32, "dropout": 0.0, "epochs": 1, "hidden": 4, "layers": 1}
    | {"initialisation": "keras", "learning_rate": 0.003},
    "ElmanClassifier": SHARED
    | {"training": "truncated_bptt", "batch_size": 10, "clip": 1.0, "clip_norm": None}
    | {"epochs": 1, "hidden": 4, "initial_range": 0.1, "initialisation": "orthogonal"}
    | {"learning_rate": 0.05, "optimiser": "sgd", "window": None},
    "HierarchicalClassifier": SHARED
    | {"batch_size": 32, "dropout": 0.0, "epochs": 1, "hidden": 4, "branches": None}
    | {"branch_hidden": 2, "cell": "gru", "initialisation": "keras", "learning_rate": 0.003},
    "MLPClassifier": SHARED
    | {"batch_size": 10, "dropout": 0.2, "dropout_form": "at_inference", "epochs": 1}
    | {"hidden": [4, 3], "initial_range": 0.1, "learning_rate": 0.05, "momentum": 0.9},
}


MINIBATCH = ElmanClassifier._of_training["minibatch"]


def data_for(model, sequences):
    return sequences[0][:, 0] if isinstance(model, MLPClassifier) else sequences[0]


@pytest.fixture
def folder(sequences, tmp_path):
    """Return the folder of a small saved model."""
    small().fit(*sequences).save(tmp_path / "model", CARD)
    return tmp_path / "model"


def small():
    return GRUClassifier(4, scale="standard", epochs=1, random_state=1)


def change(folder, *dropped, **values):
    path = folder / "model.json"
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: content[key] for key in content if key not in dropped}))


def flip_a_bit(folder):
    path = folder / "weights.safetensors"
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)


def pickle_weights(folder):
    contents = pickle.dumps({"a": 1})
    (folder / "weights.safetensors").write_bytes(contents)
    change(folder, files={"weights.safetensors": hashlib.sha256(contents).hexdigest()})


def test_every_architecture_predicts_the_same_after_loading(model, sequences, tmp_path):
    inputs = data_for(model, sequences)
    model.set_params(replicates=2).fit(inputs, sequences[1]).save(tmp_path, CARD)
    again = harmodels.load(tmp_path)
    assert type(again) is type(model)
    np.testing.assert_array_equal(
        again.predict_proba_all(inputs), model.predict_proba_all(inputs), strict=True
    )
    assert again.predict(inputs).tolist() == model.predict(inputs).tolist()


def test_the_card_comes_back_as_it_was(folder):
    card = harmodels.load(folder).card_
    assert card == CARD
    assert (card.accuracy.trained_on, card.accuracy.for_others) == (None, None)


def test_saving_twice_or_after_loading_gives_the_same_bytes(sequences, folder, tmp_path):
    small().fit(*sequences).save(tmp_path / "twin", CARD)
    harmodels.load(folder).save(tmp_path / "copy")
    for name in ("model.json", "weights.safetensors"):
        for other in ("twin", "copy"):
            assert (tmp_path / other / name).read_bytes() == (folder / name).read_bytes()


def test_the_format_stays_as_it_was(folder, sequences):
    content = json.loads((folder / "model.json").read_text())
    digest = {"weights.safetensors": sha256(folder / "weights.safetensors")}
    now = {"files": digest, "harmodels": harmodels.__version__}
    frames = sequences[0].reshape(-1, 4)
    scaling = content.pop("scaling")
    np.testing.assert_allclose(scaling["offset"], frames.mean(0), rtol=1e-12)
    np.testing.assert_allclose(scaling["scale"], frames.std(0), rtol=1e-12)
    assert content == {k: v for k, v in WRITTEN.items() if k != "scaling"} | now


def test_a_card_of_an_older_version_is_read_and_claims_nothing_of_other_people(folder):
    card = {k: v for k, v in WRITTEN["card"].items() if k != "gravity"}
    old = {k: v for k, v in card["accuracy"].items() if k not in ("trained_on", "protocol")}
    change(folder, card=card | {"accuracy": old})
    assert harmodels.load(folder).card_ == CARD


@pytest.mark.parametrize("name", EARLIER)
def test_a_model_of_the_first_format_predicts_as_it_did(name, sequences, tmp_path):
    kind, parameters = getattr(harmodels, name), EARLIER[name]
    read = {k: v for k, v in parameters.items() if name != "ElmanClassifier" or k not in MINIBATCH}
    before = {"scale": None}
    if name != "ElmanClassifier":
        before |= {"bidirectional": False, "clip_norm": None, "pooling": "last"}
        before |= {"schedule": "constant"}
    known = signature(kind).parameters
    model = kind(**({k: v for k, v in before.items() if k in known} | read))
    inputs = data_for(model, sequences)
    model.fit(inputs, sequences[1]).save(tmp_path, CARD)
    change(tmp_path, "scaling", format=1, parameters=parameters)
    again = harmodels.load(tmp_path)
    np.testing.assert_array_equal(again.predict_proba(inputs), model.predict_proba(inputs))
    np.testing.assert_array_equal(
        again.fit(inputs, sequences[1]).predict_proba(inputs), model.predict_proba(inputs)
    )


def test_weights_of_classes_keep_their_labels(tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    model = GRUClassifier(3, epochs=1, class_weight={3: 1.0, 5: 2.5})
    model.fit(X, [3, 5] * 4).save(tmp_path)
    assert harmodels.load(tmp_path).class_weight == {3: 1.0, 5: 2.5}


def test_a_model_whose_weights_are_of_another_read_out_is_refused(folder):
    change(folder, parameters=WRITTEN["parameters"] | {"pooling": "last"})
    with pytest.raises(ModelError, match=r"output\.weight has shape \(3, 16\), not \(3, 8\)"):
        harmodels.load(folder)
    change(folder, parameters=WRITTEN["parameters"] | {"bidirectional": False})
    with pytest.raises(ModelError, match="layer0_reverse"):
        harmodels.load(folder)


def test_the_card_keeps_gravity(sequences, tmp_path):
    windows = np.random.default_rng(0).normal([0.0, 0.6, -0.8], 0.1, (20, 12, 3))
    gravity = gravity_of(windows, np.arange(20) % 2, CARD.channels[:3], CARD.units[:3])
    model = GRUClassifier(4, epochs=1, random_state=1).fit(*sequences)
    model.save(tmp_path, CARD.replaced(gravity=gravity))
    assert harmodels.load(tmp_path).card_.gravity == gravity
    change(tmp_path, card=CARD.model_dump() | {"gravity": [{"sensor": "acc", "low": -1.0}]})
    with pytest.raises(ModelError, match="low"):
        harmodels.load(tmp_path)


@pytest.mark.parametrize(
    "labels",
    [["a", "b"], [3, 5], [1.0, 2.0], [True, False], np.array(["x", "yy"], dtype=object)],
    ids=["text", "integers", "numbers", "truth", "objects"],
)
def test_labels_keep_their_type(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    model = GRUClassifier(3, epochs=1).fit(X, np.tile(np.asarray(labels), 4))
    model.save(tmp_path)
    np.testing.assert_array_equal(harmodels.load(tmp_path).classes_, model.classes_, strict=True)


def test_columns_of_a_frame_keep_their_names(sequences, tmp_path):
    frame = pd.DataFrame(sequences[0][:, 0], columns=list("abcd"))
    MLPClassifier((4, 3), epochs=1, random_state=1).fit(frame, sequences[1]).save(tmp_path)
    again = harmodels.load(tmp_path)
    assert again.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame[list("bacd")])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (flip_a_bit, r"weights.safetensors is damaged.*SHA-256"),
        (pickle_weights, "does not describe a model"),
        (lambda f: (f / "weights.safetensors").unlink(), "weights.safetensors is missing"),
        (lambda f: (f / "model.json").unlink(), "holds no model.json"),
        (lambda f: (f / "model.json").write_text("{"), r"cannot read .*model.json"),
        (lambda f: (f / "model.json").write_text("[" * 10**5), "cannot read .*model.json: .*recu"),
        (lambda f: (f / "model.json").write_text("[]"), r"model.json: \[\] should be a mapping"),
        (lambda f: change(f, format=99, harmodels="7.1"), "format 99.*written by 7.1: install"),
        (
            lambda f: change(f, architecture="GRUClassifer"),
            "unknown architecture 'GRUClassifer' .did you mean 'GRUClassifier'",
        ),
    ],
)
def test_what_is_damaged_or_unknown_is_refused_by_name(folder, damage, named):
    damage(folder)
    with pytest.raises(ModelError, match=named):
        harmodels.load(folder)


@pytest.mark.parametrize("key", sorted(WRITTEN.keys() - {"scaling"}))
def test_a_missing_key_is_refused_by_name(folder, key):
    change(folder, key)
    with pytest.raises(ModelError, match=f"the key '{key}' is missing.*Take a whole copy"):
        harmodels.load(folder)


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("parameters", {"hidden": 5}, "has shape .12, 4., not .15, 4."),
        ("parameters", {"hidden": 20}, "a layer of 20 by 20 weights, and there are 291 in all"),
        ("parameters", {"hiden": 4}, "hiden"),
        ("parameters", [], "parameters: .* should be a mapping"),
        ("classes", {"dtype": "datetime64[s]", "values": [0, 1, 2]}, "neither text nor numbers"),
        ("classes", {"dtype": "str", "values": ["a", "b"]}, "has shape"),
        ("inputs", {"channels": 3, "columns": None, "names": None}, "card|shape|scaling has 4"),
        ("inputs", {"channels": 0, "columns": None, "names": None}, "inputs.channels: 0"),
        ("inputs", WRITTEN["inputs"] | {"steps": 10**12}, "inputs.steps: 1000000000000 should be"),
        ("scaling", {"offset": [0.0] * 4, "scale": [1.0] * 3}, "4 offsets and 3 scales for 4"),
        ("scaling", {"offset": [0.0] * 3, "scale": [1.0] * 4}, "3 offsets and 4 scales for 4"),
        ("scaling", {"offset": [0.0] * 4, "scale": [1.0, 1.0, 1.0, 0.0]}, "scale holds 0"),
        ("files", {"../../weights": "ab"}, "unknown key '../../weights'"),
        ("files", {"weights.safetensors": "ab"}, "'ab' should be a SHA-256"),
        ("files", {}, "files: the key 'weights.safetensors' is missing"),
        ("card", {"channels": ["a"]}, "card: the key 'rate_hz' is missing"),
        ("card", WRITTEN["card"] | {"rate_hz": "50"}, "card.rate_hz: '50' should be a number"),
        ("card", WRITTEN["card"] | {"units": ["g"]}, "card: 4 channels and 1 units"),
    ],
)
def test_a_folder_that_contradicts_itself_is_refused(folder, key, value, named):
    change(folder, **{key: value})
    with pytest.raises(ModelError, match=rf"(?s)model.json.*{named}"):
        harmodels.load(folder)


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        MODELS["gru"].save(tmp_path)


def test_labels_that_are_dates_and_a_card_of_other_channels_are_not_saved(sequences, tmp_path):
    inputs, labels = sequences
    model = GRUClassifier(4, epochs=1).fit(inputs[:, :, :3], labels)
    with pytest.raises(ModelError, match="names 4 inputs, and the network reads 3"):
        model.save(tmp_path, CARD)
    model.classes_ = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]").astype(object)
    with pytest.raises(ModelError, match="labels of type object cannot be saved"):
        model.save(tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rate_hz": 0.0}, "rate_hz: 0.0 should be above 0"),
        ({"rate_hz": float("inf")}, "rate_hz: inf should be"),
        ({"window_steps": 0}, "window_steps: 0 should be at least 1"),
        ({"window_step": None}, "both window_steps and window_step"),
        ({"normalisation": Normalisation((0.0,), (1.0,))}, "1 offsets and 1 scales for 4 channels"),
        ({"chanels": ()}, "unknown key 'chanels' .did you mean 'channels'"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        CARD.replaced(**changes)


def test_a_part_of_the_card_is_refused_by_name():
    with pytest.raises(ValueError, match="scale holds 0"):
        Normalisation((0.0, 1.0), (1.0, 0.0))
    with pytest.raises(ValueError, match="sos array must be shape"):
        NoiseFilter(1, ((1.0, 2.0),))


@pytest.mark.parametrize("spoil", [lambda w: w * np.nan, lambda w: w.astype(np.float64)])
def test_weights_that_are_not_finite_float32_are_refused_though_their_hash_is_right(spoil, folder):
    path = folder / "weights.safetensors"
    tensors = load_file(path)
    first = next(iter(tensors))
    tensors[first] = spoil(tensors[first])
    save_file(tensors, path)
    content = json.loads((folder / "model.json").read_text())
    content["files"][path.name] = sha256(path)
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="not finite float32"):
        harmodels.load(folder)
