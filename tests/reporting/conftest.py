"""Run folders as training writes them, with known or seeded content."""

import itertools

import numpy as np
import pandas as pd
import pytest
import yaml

from harmodels.config.experiments import configuration_name
from harmodels.reporting.runs.parts import load_runs
from harmodels.seeds import Purpose, generator
from tests.run_files import norms_of, write_run_files

SIX = ["downstairs", "laying", "sitting", "standing", "upstairs", "walking"]
LOSSES = {"negative_log_likelihood": 1.0, "binary_cross_entropy": 1 / 3}
FACTS = {"commit": "0" * 40, "dirty": False, "versions": {"numpy": "2.0"}}
FACTS |= {"hardware": {"cpu": "toy"}, "data": {"sequences": "ab" * 32}}


def _history(rng, ends, losses, validation, test_every):
    """Make losses of each replicate up to its end; accuracies where `test_every` is given."""
    rows = []
    splits = ("train", "validation") if validation else ("train",)
    for replicate, split in itertools.product(ends, splits):
        for epoch in range(1, ends[replicate] + 1):
            base = 1.7 * np.exp(-epoch / 15) + 0.3 + 0.1 * rng.random()
            base += 0.004 * epoch if split == "validation" else 0.0
            rows += [(replicate, epoch, split, name, base * f) for name, f in losses.items()]
            if test_every and split == "validation":
                rows.append((replicate, epoch, split, "accuracy", 0.95 - base / 3))
            if test_every and split == "train" and epoch % test_every == 0:
                rows += [(replicate, epoch, "test", name, base * f) for name, f in losses.items()]
                rows.append((replicate, epoch, "test", "accuracy", 0.9 - base / 3))
    frame = pd.DataFrame(rows, columns=["replicate", "epoch", "split", "metric", "value"])
    return frame.astype({"replicate": "int16", "epoch": "int32", "value": "float64"})


def _predictions(rng, replicates, classes, each, skill, splits):
    parts = []
    labels = np.repeat(np.arange(classes), each)
    for split, replicate, checkpoint in itertools.product(splits, replicates, ("last", "best")):
        gain = skill + (0.4 if checkpoint == "best" else 0.0)
        scores = rng.normal(size=(len(labels), classes)).astype(np.float32)
        scores[np.arange(len(labels)), labels] += np.float32(gain)
        frame = pd.DataFrame({f"score_{c}": scores[:, c] for c in range(classes)})
        frame = frame.assign(replicate=np.int16(replicate), checkpoint=checkpoint, split=split)
        ids = [f"{split}/{i:05d}" for i in range(len(labels))]
        parts.append(frame.assign(id=ids, label=labels.astype(np.int64)))
    return pd.concat(parts, ignore_index=True)


def _write_run(
    root,
    experiment,
    configuration,
    *,
    replicates=3,
    diverged=(),
    classes=SIX,
    each=5,
    epochs=12,
    simulated=False,
    skill=1.5,
    seed=0,
    splits=("test",),
    losses=LOSSES,
    validation=True,
    test_every=None,
    ends=None,
    options=None,
    seconds=1.5,
    history=None,
    predictions=None,
):
    """Write one run folder; keyword arguments replace its content."""
    name = configuration_name(configuration)
    folder = root / experiment / name
    rng = generator(seed, Purpose.SIMULATION)
    sound = [r for r in range(replicates) if r not in diverged]
    trained = dict.fromkeys(range(replicates), epochs) | (ends or {})
    if history is None:
        history = _history(rng, trained, losses, validation, test_every)
        history = history[~history["replicate"].isin(diverged) | (history["epoch"] < 4)]
        if (options or {}).get("measure_gradients"):
            history = pd.concat([history, norms_of(history, trained)], ignore_index=True)
    if predictions is None:
        predictions = _predictions(rng, list(range(replicates)), len(classes), each, skill, splits)
        lost = predictions["replicate"].isin(diverged) & (predictions["checkpoint"] == "last")
        predictions = predictions[~lost]
    entries = []
    for r in range(replicates):
        best = min(int(rng.integers(2, max(epochs, 2) + 1)), trained[r]) or None
        ended = {"epochs": trained[r], "diverged_epoch": None, "stopped": "all epochs"}
        if r not in sound:
            ended = {"epochs": 3, "diverged_epoch": 4, "stopped": "diverged"}
        entries.append({"replicate": r, "best_epoch": best, **ended})
    write_run_files(
        folder,
        history,
        predictions,
        classes,
        simulated=simulated,
        experiment=experiment,
        name=name,
        configuration=configuration,
        options={"epochs": epochs, **(options or {}), **configuration},
        validation=validation,
        replicates=replicates,
        facts=FACTS | {"wall_time_s": seconds, "replicates": entries},
    )
    return folder


@pytest.fixture(autouse=True)
def few_pixels(monkeypatch):
    """Save small pictures: what is tested does not depend on their size."""
    monkeypatch.setattr("harmodels.reporting.figures.style.DPI", 30)


@pytest.fixture
def write_run():
    return _write_run


@pytest.fixture
def write_grid():
    """Write the eight runs of the report's grid for one experiment."""

    def write(root, experiment, **options):
        diverged = options.pop("diverged", {})
        grid = itertools.product((0.1, 0.05), (50, 100), (10, 30))
        return [
            _write_run(
                root,
                experiment,
                {"learning_rate": rate, "hidden": hidden, "window": window},
                seed=index,
                skill=0.6 + 0.2 * index,
                diverged=diverged.get(index, ()),
                **options,
            )
            for index, (rate, hidden, window) in enumerate(grid)
        ]

    return write


def _with_accuracy(accuracies, classes=6):
    """Make predictions of exact accuracies in tenths: `{"last": {0: 0.5, 1: 0.7}}`."""
    parts = []
    for checkpoint, by_replicate in accuracies.items():
        for replicate, accuracy in by_replicate.items():
            labels = np.arange(10) % classes
            right = np.arange(10) < round(10 * accuracy)
            answers = np.where(right, labels, (labels + 1) % classes)
            scores = np.eye(classes, dtype=np.float32)[answers]
            frame = pd.DataFrame({f"score_{c}": scores[:, c] for c in range(classes)})
            frame = frame.assign(replicate=np.int16(replicate), checkpoint=checkpoint)
            ids = [f"test/{i}" for i in range(10)]
            parts.append(frame.assign(split="test", id=ids, label=labels))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def with_accuracy():
    return _with_accuracy


DEFAULTS = {
    "minibatch": {"monitor": "binary_cross_entropy"},
    "perceptron": {"dropout": 0, "batch_size": 1, "epochs": 100, "reduction": "mean"},
    "recurrent": {"architecture": "plain", "cell": "gru", "hidden": 128, "layers": 1}
    | {"batch_size": 50, "learning_rate": 0.001},
}


def _options(report, experiment):
    training = experiment.get("training", report["training"])
    return DEFAULTS.get(training, {}) | experiment.get("options", {})


@pytest.fixture
def write_report():
    """Write small runs of every configuration of some experiments of a report."""

    def write(root, report, names, **options):
        folders = []
        one = report["training"] in ("perceptron", "recurrent")
        losses = {"cross_entropy": 1.0} if one else LOSSES
        for name in names:
            experiment = report["experiments"][name]
            grid = experiment.get("grid", {})
            found = experiment.get("configurations") or [
                dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
            ]
            known = {"losses": losses, "validation": experiment["validation"]}
            known["options"] = _options(report, experiment)
            if experiment.get("training") == "baseline":
                known["epochs"] = 0
            folders += [
                _write_run(root, name, values, seed=i, skill=1 + 0.1 * i, **(options | known))
                for i, values in enumerate(found)
            ]
        return folders

    return write


@pytest.fixture
def read_report(repository):
    """Read the configuration of a report."""

    def read(key):
        path = repository / "config" / "reports" / f"{key}.yaml"
        return yaml.safe_load(path.read_text(encoding="utf-8"))

    return read


@pytest.fixture
def report(read_report):
    """Return the configuration of the truncated-BPTT report."""
    return read_report("rnn_tbptt")


@pytest.fixture
def published(repository):
    """Return the published tables by file name."""
    folder = repository / "config" / "published"
    return {path.name: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


@pytest.fixture
def runs_of(write_run, tmp_path):
    """Make runs of experiment b: configurations, or values of its hidden units."""

    def make(*configurations, experiment="b", **options):
        return load_runs(
            write_run(tmp_path, experiment, c if isinstance(c, dict) else {"hidden": c}, **options)
            for c in configurations
        )

    return make


@pytest.fixture
def runs_with(write_run, with_accuracy, tmp_path):
    """Make runs of experiment b: {hidden: {checkpoint: {replicate: accuracy}}}, or such pairs."""

    def make(accuracies, experiment="b", **options):
        pairs = accuracies.items() if isinstance(accuracies, dict) else accuracies
        return load_runs(
            write_run(
                *(tmp_path, experiment, c if isinstance(c, dict) else {"hidden": c}),
                **{"predictions": with_accuracy(by_checkpoint)} | options,
            )
            for c, by_checkpoint in pairs
        )

    return make
