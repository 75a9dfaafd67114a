"""Models as folders: the same predictions after loading, and refusals by name."""

import json
import shutil

import numpy as np
import pytest

import harmodels
from harmodels import GRUClassifier, MLPClassifier, ModelCard, TrainingData
from harmodels.errors import ModelError
from harmodels.estimators.card import Accuracy, NoiseFilter, Normalisation
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


def fit(model, sequences):
    inputs, labels = sequences
    return model.fit(inputs[:, 0] if isinstance(model, MLPClassifier) else inputs, labels)


def data_for(model, sequences):
    return sequences[0][:, 0] if isinstance(model, MLPClassifier) else sequences[0]


@pytest.fixture
def folder(sequences, tmp_path):
    """Return the folder of a small saved model."""
    GRUClassifier(4, epochs=1, random_state=1).fit(*sequences).save(tmp_path / "model", CARD)
    return tmp_path / "model"


def change(folder, **values):
    path = folder / "model.json"
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps(content))


def test_every_architecture_predicts_the_same_after_loading(model, sequences, tmp_path):
    fit(model.set_params(replicates=2), sequences).save(tmp_path, CARD)
    again = harmodels.load(tmp_path)
    inputs = data_for(model, sequences)
    assert type(again) is type(model)
    np.testing.assert_array_equal(
        again.predict_proba_all(inputs), model.predict_proba_all(inputs), strict=True
    )
    assert again.predict(inputs).tolist() == model.predict(inputs).tolist()


def test_the_card_comes_back_as_it_was(folder):
    assert harmodels.load(folder).card_ == CARD


def test_a_loaded_model_is_saved_with_its_card_again(folder, tmp_path):
    harmodels.load(folder).save(tmp_path / "copy")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()


def test_saving_twice_gives_the_same_bytes(sequences, folder, tmp_path):
    GRUClassifier(4, epochs=1, random_state=1).fit(*sequences).save(tmp_path / "twin", CARD)
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "twin" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    "labels",
    [["a", "b"], [3, 5], [0.5, 1.0], [True, False], np.array(["x", "yy"], dtype=object)],
    ids=["text", "integers", "numbers", "truth", "objects"],
)
def test_labels_keep_their_type(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    y = np.array(list(labels) * 4, dtype=getattr(labels, "dtype", None))
    if y.dtype.kind == "f":
        y = np.where(y > 0.7, 2.0, 1.0)
    model = GRUClassifier(3, epochs=1, random_state=1).fit(X, y)
    model.save(tmp_path)
    again = harmodels.load(tmp_path)
    assert again.classes_.dtype == model.classes_.dtype
    assert again.classes_.tolist() == model.classes_.tolist()


def test_columns_of_a_frame_keep_their_names(sequences, tmp_path):
    import pandas as pd

    frame = pd.DataFrame(sequences[0][:, 0], columns=list("abcd"))
    MLPClassifier((4, 3), epochs=1, random_state=1).fit(frame, sequences[1]).save(tmp_path)
    again = harmodels.load(tmp_path)
    assert again.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame[list("bacd")])


def test_a_flipped_bit_of_the_weights_is_refused(folder):
    path = folder / "weights.safetensors"
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    with pytest.raises(ModelError, match=r"weights.safetensors is damaged.*SHA-256"):
        harmodels.load(folder)


def test_a_newer_format_is_refused_with_the_version_that_wrote_it(folder):
    change(folder, format=99, harmodels="7.1")
    with pytest.raises(ModelError, match=r"format 99.*written by 7.1: install"):
        harmodels.load(folder)


def test_an_unknown_architecture_is_refused_with_the_nearest_known(folder):
    change(folder, architecture="GRUClassifer")
    with pytest.raises(ModelError, match=r"unknown architecture.*GRUClassifer.*GRUClassifier"):
        harmodels.load(folder)


@pytest.mark.parametrize("key", ["format", "architecture", "parameters", "classes", "files"])
def test_a_missing_key_is_refused_by_name(folder, key):
    path = folder / "model.json"
    content = json.loads(path.read_text())
    del content[key]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"lacks the key '{key}'"):
        harmodels.load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("parameters", {"hidden": 5}),
        ("parameters", {"hiden": 4}),
        ("parameters", []),
        ("classes", {"dtype": "datetime64[s]", "values": [0, 1, 2]}),
        ("classes", {"dtype": "str", "values": ["a"]}),
        ("inputs", {"channels": 3, "columns": None, "names": None}),
        ("files", {"../../weights": "ab"}),
        ("card", {"channels": ["a"]}),
    ],
)
def test_a_folder_that_contradicts_itself_is_refused(folder, key, value):
    change(folder, **{key: value})
    with pytest.raises(ModelError, match=r"model.json"):
        harmodels.load(folder)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model.json"):
        harmodels.load(tmp_path)


def test_missing_weights_are_named(folder):
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match=r"weights.safetensors is missing"):
        harmodels.load(folder)


def test_text_in_place_of_json_is_refused(folder):
    (folder / "model.json").write_text("{")
    with pytest.raises(ModelError, match=r"cannot read .*model.json"):
        harmodels.load(folder)


def test_a_pickle_in_place_of_the_weights_is_not_loaded(folder):
    import hashlib
    import pickle

    contents = pickle.dumps({"a": 1})
    (folder / "weights.safetensors").write_bytes(contents)
    change(folder, files={"weights.safetensors": hashlib.sha256(contents).hexdigest()})
    with pytest.raises(ModelError, match=r"does not describe a model"):
        harmodels.load(folder)


def test_an_unfitted_model_is_not_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        MODELS["gru"].save(tmp_path)


def test_labels_that_are_dates_are_not_saved(tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    y = np.array(["2024-01-01", "2024-01-02"] * 4, dtype="datetime64[D]").astype(object)
    model = GRUClassifier(3, epochs=1).fit(X, [str(day) for day in y])
    model.classes_ = np.unique(y)
    with pytest.raises(ModelError, match="labels of type object cannot be saved"):
        model.save(tmp_path)


def test_a_card_of_other_channels_is_refused(sequences, tmp_path):
    inputs, labels = sequences
    model = GRUClassifier(4, epochs=1).fit(inputs[:, :, :3], labels)
    with pytest.raises(ModelError, match="names 4 inputs, and the network reads 3"):
        model.save(tmp_path, CARD)


def test_a_copied_folder_is_a_model(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert harmodels.load(tmp_path / "elsewhere").card_.data.licence == "CC0"
