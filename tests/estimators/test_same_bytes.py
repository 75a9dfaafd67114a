"""The estimators train by the pipeline's loops: the same options give the same bytes."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from harmodels.data.facts import SequenceFacts
from harmodels.nn.params import state_dict
from tests.toys import JOB, run_toy, sequences_of, write_inputs


@pytest.mark.parametrize(
    "model", ["truncated_bptt", "minibatch", "gru", "lstm", "perceptron"], indirect=True
)
def test_a_job_of_the_pipeline_and_an_estimator_end_with_the_same_bytes(model, sequences, tmp_path):
    inputs, labels = sequences
    if type(model).__name__ == "MLPClassifier":
        inputs = inputs[:, :1]
    classes, codes = np.unique(labels, return_inverse=True)
    facts = SequenceFacts("toy", tuple(classes), tuple("abcd"), ("g",) * 4, 50.0)
    twice = np.tile(inputs, (2, 1, 1))
    recorded = sequences_of(twice, test=len(inputs), facts=facts, labels=np.tile(codes, 2))
    write_inputs(tmp_path, recorded)
    training, options = model._options()
    job = replace(JOB, options=options.model_dump(), training=training, validation=False)
    run_toy(tmp_path, job=job)
    model.set_params(replicates=2, scale=None).fit(inputs.astype(np.float32), labels)
    pipeline = load_file(tmp_path / "run" / "weights.safetensors")
    ours = {f"last.{name}": tensor.numpy() for name, tensor in state_dict(model.params_).items()}
    assert ours.keys() == pipeline.keys()
    assert all(tensor.tobytes() == pipeline[name].tobytes() for name, tensor in ours.items())
