"""Export of a finished run as a model: its estimator, and a card of what it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Tensor

from harmodels.config.options import OPTIONS
from harmodels.config.parts import split_name
from harmodels.config.project import ModelPlan
from harmodels.data.dataset import Dataset
from harmodels.data.features.checks import RAW_CHANNELS, UNIT
from harmodels.data.features.mapping import AffineMap, read_map
from harmodels.data.formats.uci_har import STEPS
from harmodels.data.look.gravity import Gravity, gravity_of
from harmodels.data.sequences import Sequences, read_sequences
from harmodels.data.splits import Draw, protocol_of
from harmodels.data.units import convert_units
from harmodels.errors import ModelError, ResultsError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.classifiers import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    LSTMClassifier,
    MLPClassifier,
)
from harmodels.estimators.exports.card import Accuracy, Bounds, ModelCard, TrainingData
from harmodels.evaluation.classification import subject_accuracy
from harmodels.evaluation.people import accuracy_intervals, subject_counts
from harmodels.evaluation.predictions import select
from harmodels.evaluation.statistics import Interval
from harmodels.nn.params import load_state_dict
from harmodels.plugins import LEARNERS
from harmodels.recordings.stream import UCI_HAR
from harmodels.records.base import AGAIN
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.selection import choose_run


@dataclass(frozen=True)
class ModelSource:
    """The run among `folders` that a plan chooses, its data set's entry, and files beside it."""

    plan: ModelPlan
    folders: Sequence[Path]
    dataset: Dataset
    sequences: Path  # says who was recorded
    draw: Draw  # of training and test sequences
    feature_map: Path | None  # where the networks read features


def export_model(source: ModelSource, folder: Path) -> None:
    """Write the model of a finished run into a folder.

    Raises ModelError if no estimator has the run's architecture or all its networks diverged,
    ResultsError if a file of the run is missing or damaged or its weights do not fit.
    """
    plan = source.plan
    (runs,) = load_runs(source.folders).values()
    run = choose_run(runs, "validation_accuracy", plan.checkpoint) if plan.chosen else runs[0]
    for record in run.records:
        if "sequences" not in record.data or "weights.safetensors" not in record.files:
            raise ResultsError(
                f"{run.folder / 'run.json'} lacks the hashes of sequences and weights. {AGAIN}"
            )
    replicates = _usable_replicates(run, plan)
    channels = run.record.channels or source.dataset.channels
    # all replicates of the parts of a run along the first axis
    parts = [
        _weights(path / "weights.safetensors", plan.checkpoint)
        for path in source.folders
        if split_name(path.name)[0] == run.folder.name
    ]
    weights = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    model = _fitted_estimator(run, weights, replicates, len(channels))
    model.save(folder, _describe_model(source, run, replicates))


def _usable_replicates(run: Run, plan: ModelPlan) -> list[int]:
    """Return the networks of a plan that have weights of its checkpoint."""
    usable = [
        outcome.replicate
        for outcome in run.outcomes
        if plan.checkpoint in outcome.checkpoints
        and (not plan.replicates or outcome.replicate in plan.replicates)
    ]
    if not usable:
        raise ModelError(
            f"{run.folder}: no network of the plan has finite {plan.checkpoint} weights; choose "
            "another configuration (models.….configuration)"
        )
    return usable


def _fitted_estimator(
    run: Run, weights: Mapping[str, Tensor], replicates: Sequence[int], channels: int
) -> NetworkClassifier:
    """Return an estimator with the weights of a run, which predicts what the run predicted."""
    model = _estimator(run).set_params(replicates=len(replicates), random_state=run.record.seed)
    positions = [outcome.replicate for outcome in run.outcomes]
    rows = [positions.index(number) for number in replicates]
    tensors = {name: tensor[rows] for name, tensor in weights.items()}
    model.classes_ = np.array(run.classes)
    if isinstance(model, MLPClassifier):
        model.n_features_in_ = model.n_channels_in_ = tensors["hidden1.weight"].shape[-1]
    else:
        model.n_channels_in_ = channels
    try:
        model._hold(load_state_dict(model._initial_params(), tensors))
    except (KeyError, ValueError) as error:
        raise ResultsError(f"the weights of {run.folder} do not fit: {error}") from error
    return model


def _weights(path: Path, checkpoint: str) -> dict[str, Tensor]:
    try:
        tensors = load_file(path)
    except Exception as error:  # safetensors raises errors of its own and of the system
        raise ResultsError(f"cannot read {path}: {error}. Run snakemake again.") from error
    prefix = f"{checkpoint}."
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def _estimator(run: Run) -> NetworkClassifier:
    training, options = run.record.training, run.options
    if training not in LEARNERS:
        raise ModelError(
            f"{run.folder} trained no network ({training}); there is nothing to export"
        )
    kind: Any
    own: dict[str, Any]
    if training in ("truncated_bptt", "minibatch"):
        kind, own = ElmanClassifier, {"training": training}
    elif training == "perceptron":
        kind, own = MLPClassifier, {"hidden": (options["hidden1"], options["hidden2"])}
    elif options["architecture"] == "hierarchical":
        own = {"branches": run.record.fingers, "branch_hidden": options["finger_hidden"]}
        kind = HierarchicalClassifier
    else:
        kind, own = _stack_of(run, options["cell"]), {}
    # of the options those that the estimator calls by the same name and that end no training early
    names = set(kind().get_params()) - {"patience"}
    every = OPTIONS[training](**options).model_dump()  # with what an older run does not say
    own.update(scale=None, validation_fraction=0, patience=None)
    return kind(**{name: every[name] for name in every if name in names}, **own)


def _stack_of(run: Run, cell: str) -> type[NetworkClassifier]:
    """Return the estimator of a stack of recurrent layers."""
    stacks = {kind._cell: kind for kind in (GRUClassifier, LSTMClassifier)}
    if cell not in stacks:
        raise ModelError(
            f"{run.folder} is a stack of {cell} layers, for which there is no "
            "estimator; name another configuration (models.….configuration)"
        )
    return stacks[cell]


def _describe_model(source: ModelSource, run: Run, replicates: Sequence[int]) -> ModelCard:
    """Return the card of a run's model."""
    dataset, plan = source.dataset, source.plan
    features: AffineMap | None = None
    channels = tuple(run.record.channels or dataset.channels)
    read = dataset.units
    if run.record.unit:
        read, _ = convert_units(read, run.record.unit)
    units = dict(zip(dataset.channels, read, strict=True))
    if source.feature_map is not None:
        features, channels, units = read_map(source.feature_map), RAW_CHANNELS, UNIT
    steps, step = _window(dataset)
    sequences = read_sequences(source.sequences)
    return ModelCard(
        channels=channels,
        units=tuple(units[name] for name in channels),
        rate_hz=dataset.rate_hz,
        data=TrainingData(
            name=dataset.title,
            simulated=dataset.simulated,
            sha256=run.record.data["sequences"],
            licence=dataset.licence,
            citation=dataset.citation,
            worn=dataset.worn,
        ),
        window_steps=steps,
        window_step=step,
        noise_filter=UCI_HAR if dataset.format == "uci_har" and features is None else None,
        features=features,
        gravity=_gravity(sequences, run, features),
        accuracy=_accuracy(run, plan.checkpoint, replicates, sequences, source.draw),
        origin={
            "report": plan.report,
            "dataset": plan.dataset,
            "experiment": plan.experiment,
            "configuration": run.name,
            "chosen_on": "validation accuracy" if plan.chosen else None,
            "checkpoint": plan.checkpoint,
            "replicates": list(replicates),
            "weights_sha256": [part.files["weights.safetensors"] for part in run.records],
        },
    )


def _gravity(
    sequences: Sequences, run: Run, features: AffineMap | None
) -> tuple[Gravity, ...] | None:
    """Return what the sequences that a run was trained on hold of gravity."""
    if (sequences.official_split == "train").any():
        sequences = sequences.take(np.flatnonzero(sequences.official_split == "train"))
    if features is not None:  # the windows that they were computed from
        if not set(RAW_CHANNELS[:3]) <= set(sequences.facts.channels):
            return None
        sequences = sequences.select_channels(RAW_CHANNELS[:3]).in_unit("g")
    elif run.record.channels:
        sequences = sequences.select_channels(run.record.channels)
    if run.record.unit and features is None:
        sequences = sequences.in_unit(run.record.unit)
    shortest = int(sequences.lengths.min())
    windows = np.stack([sequences[row][:shortest] for row in range(len(sequences))])
    return gravity_of(windows, sequences.labels, sequences.facts.channels, sequences.facts.units)


def _window(dataset: Dataset) -> tuple[int | None, int | None]:
    if dataset.window is not None:
        return dataset.window.steps, dataset.window.step
    return (STEPS, STEPS // 2) if dataset.format == "uci_har" else (None, None)


def _accuracy(
    run: Run, checkpoint: str, replicates: Sequence[int], sequences: Sequences, draw: Draw
) -> Accuracy | None:
    tested = select(run.predictions, checkpoint)
    tested = tested[tested["replicate"].isin(replicates)]
    if tested.empty:
        return None
    subjects = pd.DataFrame({"id": sequences.ids, "subject": sequences.subjects})
    counts = subject_counts(subject_accuracy(tested, subjects))
    intervals = accuracy_intervals(counts)
    named = bool((subjects["subject"] != "").all())
    trained_on = _people_of_training(run, replicates, subjects).intersection(counts.subjects)
    return Accuracy(
        value=counts.accuracy,
        over_people=_bounds(intervals.people) if named and not trained_on else None,
        over_seeds=_bounds(intervals.seeds),
        people=len(counts.subjects) if named else 0,
        networks=len(counts.replicates),
        sequences=int(counts.sequences[0].sum()),
        trained_on=len(trained_on) if named else None,
        protocol=protocol_of(sequences, draw),
    )


def _people_of_training(run: Run, replicates: Sequence[int], subjects: pd.DataFrame) -> set[str]:
    """Return whom the networks were trained or chosen on: a run predicts all that it read."""
    rows = run.predictions
    ids = rows.loc[(rows["split"] != "test") & rows["replicate"].isin(replicates), "id"]
    return set(subjects.loc[subjects["id"].isin(ids), "subject"])


def _bounds(interval: Interval) -> Bounds | None:
    return None if np.isnan(interval.low) else (float(interval.low), float(interval.high))
