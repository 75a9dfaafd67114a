"""The estimators train by the pipeline's loops: the same options give the same bytes."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.files import write_table
from harmodels.nn.params import state_dict
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.run import run_job


@pytest.mark.parametrize(
    "model", ["truncated_bptt", "minibatch", "gru", "lstm", "perceptron"], indirect=True
)
def test_a_job_of_the_pipeline_and_an_estimator_end_with_the_same_bytes(model, sequences, tmp_path):
    inputs, labels = sequences
    if type(model).__name__ == "MLPClassifier":
        inputs = inputs[:, :1]
    count, steps, channels = inputs.shape
    classes, codes = np.unique(labels, return_inverse=True)
    recorded = Sequences(
        facts=SequenceFacts("toy", tuple(classes), tuple("abcd"), ("g",) * channels, 50.0),
        ids=np.array([f"s/{i:02d}" for i in range(2 * count)]),
        subjects=np.array([f"p{i % 5}" for i in range(2 * count)]),
        official_split=np.array(["train"] * count + ["test"] * count),
        labels=np.tile(codes, 2),
        offsets=np.arange(2 * count + 1) * steps,
        values=np.tile(inputs, (2, 1, 1)).reshape(-1, channels).astype(np.float32),
    )
    write_sequences(tmp_path / "sequences.parquet", recorded)
    splits = draw_splits(recorded, Draw(), seed=3, replicates=2)
    write_table(tmp_path / "splits.parquet", splits)
    training, options = model._options()
    job = Job(
        report="r", dataset="toy", experiment="e", name="n", configuration={},
        options=options.model_dump(), training=training, channels=None, fingers=None,
        validation=False, seed=3, replicates=2, engine="compiled", device="cpu",
    )  # fmt: skip
    run_job(
        job,
        sequences_path=str(tmp_path / "sequences.parquet"),
        splits_path=str(tmp_path / "splits.parquet"),
        folder=tmp_path / "run",
        repository=tmp_path,
        threads=1,
    )
    model.set_params(replicates=2).fit(inputs.astype(np.float32), labels)
    pipeline = load_file(tmp_path / "run" / "weights.safetensors")
    ours = {f"last.{name}": tensor.numpy() for name, tensor in state_dict(model.params_).items()}
    assert {name: t.tobytes() for name, t in ours.items()} == {
        name: t.tobytes() for name, t in pipeline.items()
    }
