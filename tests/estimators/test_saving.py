"""What is saved can be loaded, what is loaded is checked, and a failed save changes nothing."""

import json
import math
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

import harmodels
from harmodels import GRUClassifier, HierarchicalClassifier, MLPClassifier
from harmodels.errors import ModelError, ResultsError
from harmodels.estimators.exports import model_folder
from harmodels.files import sha256
from tests.estimators.test_folder import CARD, change

RANDOM = np.random.default_rng(0)
Y = np.tile(["lie", "sit", "walk"], 8)
X = RANDOM.normal(size=(24, 6, 4))
OTHER = RANDOM.normal(size=(24, 6, 2))


def small(**given):
    return GRUClassifier(3, **({"epochs": 1, "random_state": 0} | given))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder of a small saved model."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    small(scale="standard").fit(X, Y).save(folder, CARD)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """Return a copy of it that a test may damage."""
    copy = tmp_path / "model"
    copy.mkdir()
    for name, content in contents(saved).items():
        (copy / name).write_bytes(content)
    return copy


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize("inputs", [X, [x[:, 0] for x in X], list(X), X[:, :1], X[:, 0]])
def test_a_perceptron_of_any_input_is_loaded_and_written_as_onnx(inputs, scale, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = MLPClassifier((7, 5), scale=scale, epochs=2, random_state=0).fit(inputs, Y)
    model.save(tmp_path / "model")
    again = harmodels.load(tmp_path / "model")
    assert (again.predict_proba(inputs) == model.predict_proba(inputs)).all()
    again.to_onnx(tmp_path / "model.onnx")
    array = np.array(inputs, np.float32)
    array = array[..., None] if model.n_channels_in_ == 1 else array
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    shape = session.get_inputs()[0].shape[1:]
    labels, probabilities = session.run(None, {"features": array.reshape(24, *shape)})
    assert (labels == model.predict(inputs)).all()
    np.testing.assert_allclose(probabilities, model.predict_proba(inputs), rtol=0, atol=1e-5)


def test_a_class_of_one_s_own_is_refused_before_anything_is_written(tmp_path):
    class Own(GRUClassifier):
        pass

    model = Own(3, epochs=1).fit(X, Y)
    with pytest.raises(ModelError, match="Own is no class of harmodels.*save one of Elman"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_large_integers_are_labels_of_a_folder_and_of_no_onnx(tmp_path):
    pytest.importorskip("onnx")
    labels = np.tile(np.array([1, 2**63 + 1], np.uint64), 12)
    model = small().fit(X, labels)
    model.save(tmp_path)
    assert harmodels.load(tmp_path).predict(X).tolist() == model.predict(X).tolist()
    with pytest.raises(ValueError, match="no tensor of ONNX"):
        model.to_onnx(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_text_that_no_file_can_hold_is_not_saved(tmp_path):
    model = small().fit(X, ["lie", "\ud800"] * 12)
    with pytest.raises(ModelError, match=r"a label, a column or the card holds text .* surrogates"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_labels_that_are_bytes_are_refused():
    with pytest.raises(ValueError, match="Convert the labels to a string or integer"):
        small().fit(X, [b"lie", b"sit"] * 12)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("classes_", np.array(["lie", "sit"])),
        ("n_channels_in_", 5),
        ("scale_", np.ones(2)),
    ],
)
def test_a_network_that_does_not_fit_its_attributes_is_not_written(attribute, value, tmp_path):
    pytest.importorskip("onnx")
    model = small(scale="standard").fit(X, Y)
    setattr(model, attribute, value)
    for write in (model.save, lambda path: model.to_onnx(path.with_suffix(".onnx"))):
        with pytest.raises(ValueError, match="fit it anew") as caught:
            write(tmp_path / "model")
        assert "saving" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    model = small().fit(X, Y)
    model.params_.output.bias[0, 0] = np.nan
    for write in (model.save, lambda path: model.to_onnx(path.with_suffix(".onnx"))):
        with pytest.raises(ValueError, match="finite.*fit it anew"):
            write(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_onnx_s_own_check_refuses_is_not_written(tmp_path):
    pytest.importorskip("onnx")
    from harmodels.estimators.exports.onnx_graph import write_onnx

    module = MLPClassifier((7, 5), epochs=1, random_state=0).fit(X, Y).to_torch()
    with pytest.raises(ValueError, match="no runtime would read the graph"):
        write_onnx(tmp_path / "a.onnx", module, np.array(Y[:3]), channels=5, sigmoids=False)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_too_long_is_said():
    with pytest.raises(ModelError, match="cannot read .*: File name too long"):
        harmodels.load("a" * 300)
    with pytest.raises(ResultsError, match="File name too long; write to another path"):
        small().fit(X, Y).save("a" * 300)


WRITERS = ["save_tensors", "write_json", "load_model", "sha256", "atomic_path"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left"), MemoryError])
@pytest.mark.parametrize("at", WRITERS)
def test_a_save_that_ends_early_leaves_the_old_model_or_nothing(
    at, error, folder, tmp_path, monkeypatch
):
    def fail(*_):
        raise error

    before = contents(folder)
    model = small().fit(OTHER, Y)
    monkeypatch.setattr(model_folder, at, fail)
    for place in (folder, tmp_path / "new"):
        with pytest.raises((KeyboardInterrupt, ResultsError, MemoryError)):
            model.save(place)
    assert contents(folder) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("moves", [1, 2])
def test_an_interrupt_between_the_two_files_leaves_the_old_ones(moves, folder, monkeypatch):
    before, count, replace = contents(folder), [0], model_folder.Path.replace

    def interrupted(path, target):
        moved = replace(path, target)
        if path.parent.name == "made" and target.parent == folder:
            count[0] += 1
            if count[0] == moves:
                raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(model_folder.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small().fit(OTHER, Y).save(folder)
    assert count == [moves]
    assert contents(folder) == before


KILLED = """
import os, signal, sys
from pathlib import Path
import harmodels

def killed(path, target, replace=Path.replace):
    replace(path, target)
    if path.parent.name == "made" and target.parent == Path(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = killed
harmodels.load(sys.argv[1]).save(sys.argv[2])
"""


def test_a_save_killed_between_the_two_files_is_named_and_the_remedy_leads_on(folder, tmp_path):
    expected = harmodels.load(folder).predict_proba(X)
    small().fit(OTHER, Y).save(tmp_path / "other")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "other", folder])
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(ModelError, match=r"A save was killed: move .* there") as caught:
        harmodels.load(folder)
    wrong, right = re.search("^(.*) is damaged.* move (.*) there", str(caught.value)).groups()
    Path(right).rename(wrong)
    assert (harmodels.load(folder).predict_proba(X) == expected).all()


def test_a_save_replaces_the_model_and_nothing_else(folder):
    (folder / "walk.csv").write_text("mine")
    small().fit(OTHER, Y).save(folder)
    assert harmodels.load(folder).n_channels_in_ == 2
    assert sorted(contents(folder)) == ["model.json", "walk.csv", "weights.safetensors"]
    assert (folder / "walk.csv").read_text() == "mine"


def inputs(**values):
    return {"channels": 4, "columns": None, "names": None} | values


def classes(values, dtype="str"):
    return {"dtype": dtype, "values": values}


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("classes", classes(["a", "a", "b"]), "name one twice"),
        ("classes", classes([1, 2, 3]), "label 1 is not of type"),
        ("classes", classes(["1", "2", "3"], "int64"), "label '1' is not of type int64"),
        ("classes", classes([1.5, 2.0, 3.0], "int64"), "label 1.5 is not of type int64"),
        ("classes", classes([1, 2, 300], "int8"), "300|bounds"),
        ("classes", classes([True, 2, 3], "int64"), "label True is not of type"),
        ("classes", classes([1e300, 2.0, 3.0], "float32"), "not of type float32"),
        ("classes", classes(["a", "b", "c"], "U999999999"), "not understood"),
        ("classes", classes(["a", "b", "c"], "nonsense"), "nonsense"),
        ("classes", classes(["a", "b", "c"], "U3"), "neither text nor numbers"),
        ("classes", classes(["a"]), "one label"),
        ("classes", classes([]), "one label|two or more"),
        ("inputs", inputs(names=["a"]), "1 names for 4 columns"),
        ("inputs", inputs(columns=7), "7 columns and 4 channels"),
        ("inputs", inputs(columns=-1), "inputs.columns: -1 should be at least 1"),
        ("inputs", inputs(channels=10**12), "inputs.channels: "),
        ("inputs", inputs(channels=10**6), "card names 4 inputs, and the network reads 1000000"),
        ("inputs", inputs(steps=0), "inputs.steps: 0 should be at least 1"),
        ("card", CARD.replaced(channels=("a",), units=("g",), normalisation=None).model_dump(),
         "card names 1 inputs, and the network reads 4"),
        ("parameters", {"hidden": 4096}, "a layer of .* by .* weights, and there are"),
        ("parameters", {"hidden": [3]}, r"hidden: \[3\] should be a whole number"),
        ("parameters", {"hidden": 3, "replicates": 10**9}, "weights of .1. replicates"),
        ("parameters", {"hidden": 3, "replicates": "1"}, "replicates is '1'"),
        ("parameters", {"hidden": 3, "class_weight": [[1]]}, "does not describe a model"),
        ("parameters", {"hidden": 3, "class_weight": [[[1], 2]]}, "does not describe a model"),
        ("parameters", {"hidden": 3, "epochs": "x"}, "epochs is 'x'"),
        ("architecture", "HierarchicalClassifier", "does not describe a model"),
        ("architecture", "MLPClassifier", "unexpected keyword argument 'bidirectional'"),
        ("format", 0, "format: 0 should be at least 1"),
        ("format", True, "format: True should be a whole number"),
    ],
)  # fmt: skip
def test_what_model_json_cannot_say_is_refused_by_name(folder, key, value, named):
    change(folder, **{key: value})
    with pytest.raises(ModelError, match=rf"(?s)model\.json.*{named}"):
        harmodels.load(folder)


@pytest.mark.parametrize("kind", [MLPClassifier, HierarchicalClassifier])
@pytest.mark.parametrize("size", [10**5, 2**31 - 1])
def test_no_memory_is_taken_for_layers_that_the_weights_are_too_few_for(kind, size, tmp_path):
    hidden = (3, 2) if kind is MLPClassifier else 3
    kind(hidden, epochs=1, random_state=0).fit(X[:, :1], Y).save(tmp_path)
    written = json.loads((tmp_path / "model.json").read_text())
    for changes in (
        {"inputs": written["inputs"] | {"channels": min(size, 10**7)}},
        {"parameters": written["parameters"] | {"hidden": [size, 2] if hidden != 3 else size}},
    ):
        change(tmp_path, **(written | changes))
        with pytest.raises(ModelError, match="a layer of|should be at most"):
            harmodels.load(tmp_path)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"output.bias": np.zeros((), np.float32)},
        {"output.bias": np.zeros((0, 3), np.float32)},
        {"output.bias": np.zeros((1, 3), np.int64)},
    ],
)
def test_weights_of_another_kind_are_refused_though_their_hash_is_right(tensors, folder):
    path = folder / "weights.safetensors"
    path.write_bytes(save(tensors))
    change(folder, files={path.name: sha256(path)})
    with pytest.raises(ModelError, match="does not describe a model"):
        harmodels.load(folder)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def places(value, way=()):
    """Return the ways to all values in nested lists and mappings."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [way] if way else []
    for name, part in inner:
        nested = isinstance(part, dict | list)
        found += places(part, (*way, name)) if nested else [(*way, name)]
    return found


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), value=JSON)
def test_any_value_in_any_place_of_model_json_is_refused_by_name_or_read(
    data, value, saved, folder
):
    content = json.loads((saved / "model.json").read_text())
    *way, last = data.draw(st.sampled_from(places(content)))
    inner = content
    for step in way:
        inner = inner[step]
    inner[last] = value
    (folder / "model.json").write_text(json.dumps(content))
    try:
        model = harmodels.load(folder)
    except ModelError as error:
        named = str(error)
    else:
        named = "model.json" * math.isfinite(model.predict_proba(X).sum())
    assert "model.json" in named
