"""One training job from sequences to four files; a job that was interrupted is resumed."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from harmodels.config.options import OPTIONS, Baseline
from harmodels.data.sequences import read_sequences
from harmodels.files import read_table, refuse_future, remove_leftovers, sha256
from harmodels.runtime.checkpoints import Checkpoints
from harmodels.runtime.commit import describe_commit, describe_lock
from harmodels.runtime.determinism import make_deterministic
from harmodels.runtime.machine import describe_machine, describe_versions
from harmodels.runtime.signals import StopRequest
from harmodels.training.jobs.baselines import train_baselines
from harmodels.training.jobs.devices import check_engine, use_device
from harmodels.training.jobs.job import Job, indices_of_job
from harmodels.training.jobs.networks import train_networks
from harmodels.training.jobs.records import RECORDS, TrainingResult, write_run_record


class CheckpointPolicy(NamedTuple):
    """When and where a job's state is kept while it trains."""

    folder: Path | None = None  # None keeps nothing
    every_s: float = 15.0  # at least
    code: str | None = None  # digest: a changed program must not resume another one's state


def run_job(
    job: Job,
    *,
    sequences_path: str,
    splits_path: str,
    folder: Path,
    repository: Path,
    threads: int,
    policy: CheckpointPolicy = CheckpointPolicy(),  # noqa: B008 - an immutable record
) -> None:
    """Train, and write history, predictions, weights and run.json into `folder`.

    Raises DataError if the sequences do not suit the training, ResultsError if an input is damaged
    or dated in the future, or the folder cannot be written, TrainingError if device or engine
    cannot be used, and KeyboardInterrupt after a checkpoint, if the process was asked to end.
    """
    make_deterministic()
    check_engine(job.engine)
    for path in (sequences_path, splits_path):
        refuse_future(path)
    for name in (*RECORDS, "run.json"):
        remove_leftovers(folder / name)
    inputs = {"sequences": sha256(sequences_path), "splits": sha256(splits_path)}
    versions = describe_versions()
    with StopRequest() as stop, use_device(job.device):
        machine = describe_machine(job.device)
        identity = {
            "job": asdict(job),
            "code": policy.code,
            "data": inputs,
            "versions": versions,
            "gpu": [machine.get(key) for key in ("gpu", "gpu_capability")],
        }
        checkpoints = Checkpoints(policy.folder, identity, policy.every_s, stop)
        facts, result = _train(job, sequences_path, splits_path, folder, threads, checkpoints)
        write_run_record(
            folder,
            job,
            result,
            {
                **describe_commit(repository),
                **facts,
                "lock": describe_lock(repository),
                "code": policy.code,
                "threads": threads,
                "versions": versions,
                "hardware": machine,
                "data": inputs,
                "resumes": checkpoints.resumes,
                "wall_time_s": round(checkpoints.seconds, 3),
            },
        )
        checkpoints.remove()


def _train(
    job: Job,
    sequences_path: str,
    splits_path: str,
    folder: Path,
    threads: int,
    checkpoints: Checkpoints,
) -> tuple[Mapping[str, Any], TrainingResult]:
    """Return what run.json says of the data set, and the result."""
    sequences = read_sequences(sequences_path)
    if job.channels is not None:
        sequences = sequences.select_channels(job.channels)
    if job.unit is not None:
        sequences = sequences.in_unit(job.unit)
    indices = indices_of_job(sequences, read_table(splits_path)[0].to_pandas(), job)
    facts = {"classes": list(sequences.facts.classes), "simulated": sequences.facts.simulated}
    options = OPTIONS[job.training](**job.options)
    if isinstance(options, Baseline):
        return facts, train_baselines(options, sequences, indices, job, folder)
    return facts, train_networks(options, sequences, indices, job, folder, threads, checkpoints)
