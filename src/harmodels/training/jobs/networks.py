"""Training of a job's networks: from its options to history, predictions and weights."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch

from harmodels.data.sequences import Sequences
from harmodels.errors import TrainingError
from harmodels.evaluation.gradients import gradient_norm_metric
from harmodels.nn.params import state_dict, take_replicates
from harmodels.runtime.checkpoints import Checkpoints
from harmodels.runtime.log import LOGGER
from harmodels.runtime.progress import Progress
from harmodels.training.fit import (
    EpochReport,
    Fit,
    HistoryRow,
    Outcome,
    Schedule,
    SplitIndices,
    begin,
    fit,
)
from harmodels.training.jobs.job import Job, weights_metadata
from harmodels.training.jobs.records import (
    TrainingResult,
    prediction_frame,
    write_frames,
    write_weights,
)
from harmodels.training.jobs.snapshots import pack, unpack
from harmodels.training.learners import (
    Learner,
    MeasuresGradients,
    SequenceTensors,
    index_tensor,
    make_learner,
)
from harmodels.training.stopping import AllEpochs, StoppingRule


def train_networks(
    options: Any,
    sequences: Sequences,
    indices: SplitIndices,
    job: Job,
    folder: Path,
    threads: int,
    checkpoints: Checkpoints,
) -> TrainingResult:
    """Train all replicates and write history, predictions and weights.

    `threads` is the number of replicates that the compiled loops train at the same time.
    """
    data = _tensors(sequences, job).to(job.device)
    learner = make_learner(job.training, options, job.engine, threads)
    numbers = [len(rows) for rows in indices.train]
    LOGGER.info(
        "%d replicates, engine %s, device %s, %d thread(s), %s training and %d test sequences",
        job.replicates,
        learner.engine,
        job.device,
        threads,
        " to ".join(map(str, sorted({min(numbers), max(numbers)}))),
        len(indices.test),
    )
    schedule = make_schedule(options, learner.stopping, job)
    result = _fit(learner, data, indices, schedule, checkpoints)
    if getattr(options, "measure_gradients", False):
        # the initial weights are drawn again, so a resumed training needs no copy of them
        result.rows += gradient_rows(learner, data, indices, begin(learner, data, schedule), result)
    predictions = finite_predictions(learner, data, indices, result, sequences)
    write_frames(folder, result.history(), predictions, sequences)
    tensors = {f"last.{name}": t for name, t in state_dict(result.last.params).items()}
    if job.validation:
        tensors |= {f"best.{name}": t for name, t in state_dict(result.best.params).items()}
    write_weights(folder / "weights.safetensors", tensors, weights_metadata(job))
    trained = sum(
        outcome.epochs * len(rows)
        for outcome, rows in zip(result.outcomes, indices.train, strict=True)
    )
    # reserved, not allocated: what recorded graphs hold is not counted as allocated
    reserved = torch.cuda.max_memory_reserved() if job.device == "cuda" else None
    return TrainingResult(
        engine=learner.engine,
        outcomes=result.outcomes,
        sequences_per_s=round(trained / max(result.seconds, 1e-9), 1),
        peak_gpu_memory_mb=None if reserved is None else round(reserved / 2**20, 1),
    )


def _fit(
    learner: Learner,
    data: SequenceTensors,
    indices: SplitIndices,
    schedule: Schedule,
    checkpoints: Checkpoints,
) -> Fit:
    """Train from the last checkpoint, or from the beginning, and write checkpoints."""
    beginning = begin(learner, data, schedule)
    start = checkpoints.resume(lambda snapshot: unpack(snapshot, beginning, schedule.monitor))
    if start is not None:
        LOGGER.info("resuming after epoch %d from %s", start.epoch, checkpoints.path)
    return fit(
        learner,
        data,
        indices,
        schedule,
        _progress(schedule.epochs, schedule.monitor),
        start=start or beginning,
        on_epoch_end=lambda result: checkpoints.after_step(lambda: pack(result)),
    )


def gradient_rows(
    learner: Learner, data: SequenceTensors, indices: SplitIndices, before: Fit, after: Fit
) -> list[HistoryRow]:
    """Return rows of the history: `gradient_norm_<k>` before the first epoch and after the last.

    A replicate that diverged has none after its last.
    """
    assert isinstance(learner, MeasuresGradients)  # options have the key where the learner can
    rows = []
    for position, outcome in enumerate(after.outcomes):
        measured = [(0, before.last.params)]
        if outcome.diverged_epoch is None:
            measured.append((outcome.epochs, after.last.params))
        for epoch, params in measured:
            mine = take_replicates(params, [position])
            norms = learner.gradient_norms(mine, data, torch.from_numpy(indices.train[position]))
            rows += [
                (outcome.replicate, epoch, "train", gradient_norm_metric(k), norm)
                for k, norm in enumerate(norms.tolist())
            ]
    return rows


def make_schedule(options: Any, stopping: StoppingRule, job: Job) -> Schedule:
    """Return epochs, seeds, the monitored loss and the stopping rule of a job.

    Raises TrainingError if training shall stop on a validation loss and nothing is held out.
    """
    if stopping != AllEpochs() and not job.validation:
        raise TrainingError(
            f"{job.experiment}: {stopping} needs a validation loss; "
            "set validation: true in the experiment"
        )
    return Schedule(
        epochs=options.epochs,
        seed=job.seed,
        replicates=tuple(job.part.numbers),
        monitor=options.monitor,
        stopping=stopping,
        test_every=getattr(options, "test_every", None),
        keep_before_stop=getattr(options, "tested_weights", "at_stop") == "before_stop",
    )


def _tensors(sequences: Sequences, job: Job) -> SequenceTensors:
    return SequenceTensors(
        frames=torch.from_numpy(sequences.values),
        starts=torch.from_numpy(sequences.offsets[:-1].copy()),
        lengths=torch.from_numpy(sequences.lengths),
        labels=torch.from_numpy(sequences.labels),
        classes=len(sequences.facts.classes),
        fingers=None if job.fingers is None else torch.tensor(job.fingers),
    )


def _progress(epochs: int, monitor: str) -> Any:
    progress = Progress(epochs)

    def report(state: EpochReport) -> None:
        figures = {"loss": state.train.get(monitor, float("nan"))}
        if state.validation:
            figures["validation"] = state.validation[monitor]
            figures["accuracy"] = state.validation["accuracy"]
        progress(state.epoch, state.sequences, figures)

    return report


def finite_predictions(
    learner: Learner,
    data: SequenceTensors,
    indices: SplitIndices,
    result: Fit,
    sequences: Sequences,
) -> list[pd.DataFrame]:
    """Return logits of every sequence used, for each replicate and kind of weights it has.

    Finite weights may give infinite logits. The replicate has diverged then, and is recorded so in
    `result`, without predictions of those weights.
    """
    params = {"last": result.last.params, "best": result.best.params}
    frames = []
    for position, outcome in enumerate(result.outcomes):
        for checkpoint in outcome.recorded().checkpoints:
            mine = take_replicates(params[checkpoint], [position])
            scores = {
                split: learner.scores(mine, data, index_tensor([rows], data.labels.device))[0].cpu()
                for split, rows in indices.by_split(position).items()
            }
            if not all(values.isfinite().all() for values in scores.values()):
                _record_infinite_scores(outcome, checkpoint)
                continue
            frames += [
                prediction_frame(
                    sequences,
                    rows,
                    scores[split].numpy(),
                    replicate=outcome.replicate,
                    checkpoint=checkpoint,
                    split=split,
                )
                for split, rows in indices.by_split(position).items()
            ]
    return frames


def _record_infinite_scores(outcome: Outcome, checkpoint: str) -> None:
    epoch = outcome.epochs if checkpoint == "last" else outcome.best_epoch
    outcome.diverged_epoch = epoch
    outcome.stop_reason = f"{checkpoint} scores not finite after epoch {epoch}"
    if checkpoint == "best":
        outcome.best_epoch = None
