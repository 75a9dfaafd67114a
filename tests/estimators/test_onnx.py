"""Models as ONNX files: the labels and probabilities of onnxruntime are those of predict."""

import sys

import numpy as np
import pytest
from sklearn.base import clone

from harmodels import GRUClassifier, MLPClassifier
from tests.estimators.conftest import MODELS, SEQUENTIAL


@pytest.fixture
def run(tmp_path):
    """Return a function that writes a model and runs it: labels and probabilities."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")

    def labels_and_probabilities(model, replicate=0, **inputs):
        model.to_onnx(tmp_path / "model.onnx", replicate)
        return runtime.InferenceSession(tmp_path / "model.onnx").run(None, inputs)

    return labels_and_probabilities


def padded(sequences, value):
    lengths = np.array([len(sequence) for sequence in sequences])
    array = np.full((len(lengths), lengths.max(), sequences[0].shape[1]), value, np.float32)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return {"sequences": array, "lengths": lengths}


@pytest.mark.parametrize("model", SEQUENTIAL, indirect=True)
@pytest.mark.parametrize("padding", [7.0, np.nan])
def test_sequences_of_unequal_length_get_the_same_labels_whatever_pads_them(
    model, padding, ragged, run
):
    inputs, labels = ragged
    model.fit(inputs, labels)
    found, probabilities = run(model, **padded(inputs, padding))
    assert (found == model.predict(inputs)).all()
    np.testing.assert_allclose(probabilities, model.predict_proba(inputs), rtol=0, atol=1e-5)


def test_a_perceptron_gives_the_same_labels(sequences, run):
    inputs, labels = sequences[0].reshape(24, -1).astype(np.float32), sequences[1]
    model = clone(MODELS["perceptron"]).fit(inputs, labels)
    found, probabilities = run(model, features=inputs)
    assert (found == model.predict(inputs)).all()
    np.testing.assert_allclose(probabilities, model.predict_proba(inputs), rtol=0, atol=1e-5)


def test_each_replicate_is_written_on_its_own(sequences, run):
    model = GRUClassifier(4, epochs=2, replicates=2, random_state=0).fit(*sequences)
    every = model.predict_proba_all(sequences[0])
    for replicate in range(2):
        _, found = run(model, replicate, **padded(list(sequences[0]), 0.0))
        np.testing.assert_allclose(found, every[replicate], rtol=0, atol=1e-5)


@pytest.mark.parametrize("labels", [[3, 7], [True, False], [0.0, 2.0], ["sit", "løb"]])
def test_labels_keep_their_kind(labels, run):
    inputs = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    model = MLPClassifier((4, 3), epochs=2, random_state=0).fit(inputs, labels * 6)
    found, _ = run(model, features=inputs)
    assert found.tolist() == model.predict(inputs).tolist()
    assert {type(label) for label in found.tolist()} == {type(labels[0])}


def test_labels_that_are_no_tensor_are_refused(sequences, tmp_path):
    pytest.importorskip("onnx")
    model = GRUClassifier(4, epochs=1, random_state=0).fit(*sequences)
    model.classes_ = np.array(["sit", 2, None], dtype=object)
    with pytest.raises(ValueError, match="all text or all numbers"):
        model.to_onnx(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_replicate_that_is_not_there_and_a_missing_onnx_are_named(
    sequences, tmp_path, monkeypatch
):
    model = GRUClassifier(4, epochs=1, random_state=0).fit(*sequences)
    with pytest.raises(ValueError, match="replicates 0 to 0"):
        model.to_onnx(tmp_path / "model.onnx", 1)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'harmodels\[onnx\]'"):
        model.to_onnx(tmp_path / "model.onnx")
