"""Writers of the files of a training job: history, predictions, weights and run.json."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from harmodels.data.sequences import Sequences
from harmodels.files import atomic_path, sha256, write_json, write_table
from harmodels.records.run import RunRecord
from harmodels.training.fit import Outcome
from harmodels.training.jobs.job import Job

RECORDS = ("history.parquet", "predictions.parquet", "weights.safetensors")


class TrainingResult(NamedTuple):
    """What run.json says of a training."""

    engine: str  # `reference`, `compiled` or `scikit-learn`
    outcomes: list[Outcome]
    sequences_per_s: float | None = None  # of all replicates; None where nothing was timed
    peak_gpu_memory_mb: float | None = None  # reserved


def prediction_frame(
    sequences: Sequences,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    *,
    replicate: int,
    checkpoint: str,
    split: str,
) -> pd.DataFrame:
    """Return one row a sequence: replicate, checkpoint, split, id, label, score_0 ….

    `rows` (n,) says which sequences were classified, `scores` (n, C) how likely.
    """
    frame = pd.DataFrame(scores.astype(np.float32)).add_prefix("score_")
    frame.insert(0, "label", sequences.labels[rows])
    frame.insert(0, "id", sequences.ids[rows].tolist())
    frame.insert(0, "split", split)
    frame.insert(0, "checkpoint", checkpoint)
    frame.insert(0, "replicate", np.int16(replicate))
    return frame


def write_frames(
    folder: Path, history: pd.DataFrame, predictions: Iterable[pd.DataFrame], sequences: Sequences
) -> None:
    """Write history.parquet and predictions.parquet; predictions may be none at all."""
    facts = sequences.facts
    metadata = {
        "dataset": facts.dataset,
        "classes": list(facts.classes),
        "simulated": facts.simulated,
    }
    write_table(folder / "history.parquet", history, metadata)
    nothing = prediction_frame(
        sequences,
        np.empty(0, dtype=np.int64),
        np.empty((0, len(facts.classes)), dtype=np.float32),
        replicate=0,
        checkpoint="last",
        split="test",
    )
    texts = ("checkpoint", "split", "id")
    schema = pa.Schema.from_pandas(
        nothing.astype(dict.fromkeys(texts, "str")), preserve_index=False
    )
    for name in texts:  # pandas before 3 says nothing of the type of an empty column of text
        place = schema.get_field_index(name)
        schema = schema.set(place, pa.field(name, pa.large_string()))
    parts = [pa.Table.from_pandas(f, schema=schema, preserve_index=False) for f in predictions]
    whole = pa.concat_tables(parts) if parts else schema.empty_table()
    write_table(folder / "predictions.parquet", whole, metadata)


def write_weights(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors, each with a leading axis of replicates, as safetensors."""
    # one metadata key: with several, safetensors writes them in no fixed order
    metadata = {"harmodels": json.dumps(about, sort_keys=True)}
    contents = save({key: t.cpu().contiguous() for key, t in tensors.items()}, metadata)
    with atomic_path(path) as temporary:
        temporary.write_bytes(contents)


def write_run_record(
    folder: Path, job: Job, result: TrainingResult, facts: Mapping[str, Any]
) -> None:
    """Write run.json: the job, its result, the hashes of its files and further facts.

    The folder holds the job's history, predictions and weights already.
    """
    record = RunRecord(
        **vars(job)
        | {
            "part": job.part.suffix,
            # JSON is written with sorted keys, which loses the order of tables and legends
            "grid": list(job.configuration),
            "engine": result.engine,
            "sequences_per_s": result.sequences_per_s,
            "peak_gpu_memory_mb": result.peak_gpu_memory_mb,
            "replicates": [outcome.recorded() for outcome in result.outcomes],
            "files": {name: sha256(folder / name) for name in RECORDS},
            **facts,
        }
    )
    write_json(folder / "run.json", record.model_dump())
