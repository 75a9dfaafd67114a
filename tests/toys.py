"""Small sequences, and training jobs on them, for the tests of any room."""

import numpy as np

from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.files import write_table
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.run import run_job

FACTS = SequenceFacts("toy", ("a", "b", "c"), ("x", "y", "z"), ("g",) * 3, 50.0)
JOB = Job(
    report="r", dataset="toy", experiment="e", name="one", configuration={}, options={},
    training="truncated_bptt", channels=None, fingers=None, validation=True, seed=3, replicates=2,
    engine="compiled", device="cpu",
)  # fmt: skip


def sequences_of(values, *, test=0, facts=FACTS, labels=None, people=5):
    """Return windows (N, T, D) as sequences of classes in turn, the last `test` a test half."""
    count = len(values)
    return Sequences.of_equal_length(
        facts,
        np.asarray(values, dtype=np.float32),
        ids=[f"s/{i:02d}" for i in range(count)],
        subjects=np.array([f"p{i % people}" for i in range(count)]),
        official_split=np.array(["train"] * (count - test) + ["test"] * test),
        labels=np.arange(count) % len(facts.classes) if labels is None else labels,
    )


def write_inputs(folder, sequences, draw=Draw(), **numbers):  # noqa: B008 - immutable
    """Write what a job reads: the sequences, and splits of them."""
    write_sequences(folder / "sequences.parquet", sequences)
    numbers = {"seed": 3, "replicates": 2} | numbers
    write_table(folder / "splits.parquet", draw_splits(sequences, draw, **numbers))


def run_toy(folder, name="run", job=JOB, **policy):
    """Run a job on what lies in a folder; return the folder of its files."""
    run_job(
        job,
        sequences_path=str(folder / "sequences.parquet"),
        splits_path=str(folder / "splits.parquet"),
        folder=folder / name,
        repository=folder,
        threads=1,
        **policy,
    )
    return folder / name
