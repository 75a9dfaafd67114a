"""A small results folder with its record: everything that verification reads, made by hand."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from harmodels.data.sequences import SequenceFacts, Sequences, write_sequences
from harmodels.files import read_json, read_table, sha256, write_json, write_table, write_text
from harmodels.provenance.build import hashes_of, record_data, record_report
from harmodels.provenance.record import Record, read_record, write_record
from harmodels.reporting.claims import evaluate_claims, write_claims
from harmodels.reporting.runs.load import load_runs
from harmodels.reporting.tables import build_table, write_table_files
from harmodels.seeds import Purpose, generator

CLASSES = ("sitting", "standing", "walking")
EACH = 12  # sequences of each class
REPLICATES = 2
EPOCHS = 4
PUBLISHED = "rate,top1\n0.1,0.5\n0.2,0.75\n"
TABLE = {
    "title": "Accuracy",
    "kind": "top_k",
    "experiment": "plain",
    "checkpoint": "last",
    "published": "toy.csv",
}
CLAIM = {
    "statement": "Stopping early helps",
    "kind": "comparison",
    "left": {"experiment": "plain", "checkpoint": "best"},
    "right": {"experiment": "plain", "checkpoint": "last"},
    "metric": "top_1",
    "expected": "greater",
}
SUBJECTS = {
    "title": "Accuracy by subject",
    "kind": "subject_accuracy",
    "experiment": "other",
    "checkpoint": "last",
}
SECTION: dict[str, Any] = {
    "report": "toy_report",
    "dataset": "toy",
    "reads": {"plain": "sequences", "other": "sequences"},
    "spec": {
        "tables": {"table1": TABLE, "people": SUBJECTS},
        "figures": {"figure1": {"title": "Nothing", "experiment": "plain"}},
        "claims": {"zeta": CLAIM, "alpha": CLAIM | {"statement": "The same once more"}},
    },
}
RUNS = {"plain": (0.1, 0.2), "other": (0.1,)}


def _sequences() -> Sequences:
    random = generator(5, Purpose.SIMULATION)
    count = EACH * len(CLASSES)
    return Sequences(
        facts=SequenceFacts("toy", CLASSES, ("x",), ("g",), 50.0),
        ids=np.array([f"all/{i:03d}" for i in range(count)]),
        subjects=np.array([str(i % 3) for i in range(count)]),
        official_split=np.array([""] * count),
        labels=np.arange(count) % len(CLASSES),
        offsets=np.arange(count + 1),
        values=random.normal(size=(count, 1)).astype(np.float32),
    )


def _splits(sequences: Sequences) -> pd.DataFrame:
    parts = []
    for replicate in range(REPLICATES):
        names = np.array(["train"] * 18 + ["validation"] * 6 + ["test"] * 12)
        names[:24] = np.roll(names[:24], 3 * replicate)
        parts.append(pd.DataFrame({"replicate": replicate, "id": sequences.ids, "split": names}))
    return pd.concat(parts, ignore_index=True).astype({"replicate": np.int16})


def _history(random: np.random.Generator) -> pd.DataFrame:
    rows = [
        (replicate, epoch, split, "cross_entropy", float(random.random()))
        for replicate in range(REPLICATES)
        for epoch in range(1, EPOCHS + 1)
        for split in ("train", "validation")
    ]
    frame = pd.DataFrame(rows, columns=["replicate", "epoch", "split", "metric", "value"])
    return frame.astype({"replicate": "int16", "epoch": "int32"})


def _predictions(
    random: np.random.Generator, sequences: Sequences, splits: pd.DataFrame
) -> pd.DataFrame:
    parts = []
    for _, rows in splits.groupby("replicate"):
        for checkpoint in ("last", "best"):
            scores = random.normal(size=(len(rows), len(CLASSES))).astype(np.float32)
            scores[np.arange(len(rows)), sequences.labels] += 1
            frame = pd.DataFrame({f"score_{c}": scores[:, c] for c in range(len(CLASSES))})
            frame.insert(0, "label", sequences.labels)
            names = rows.reset_index(drop=True)
            names.insert(1, "checkpoint", checkpoint)
            names = names[["replicate", "checkpoint", "split", "id"]]
            parts.append(pd.concat([names, frame], axis=1))
    return pd.concat(parts, ignore_index=True)


def _write_run(folder: Path, results: Path, rate: float, seed: int) -> None:
    random = generator(seed, Purpose.SIMULATION)
    sequences = _sequences()
    splits = _splits(sequences)
    history = _history(random)
    validation = history[history["split"] == "validation"]
    best = validation.loc[validation.groupby("replicate")["value"].idxmin(), "epoch"]
    metadata = {"classes": list(CLASSES), "dataset": "toy", "simulated": False}
    write_table(folder / "history.parquet", history, metadata)
    write_table(folder / "predictions.parquet", _predictions(random, sequences, splits), metadata)
    weights = random.normal(size=(REPLICATES, 3, 2)).astype(np.float32)
    save_file({"last.weight": weights, "best.weight": weights}, folder / "weights.safetensors")
    place = results / "toy_report" / "toy"
    write_json(
        folder / "run.json",
        {
            "report": "toy_report",
            "dataset": "toy",
            "experiment": folder.parent.name,
            "name": folder.name,
            "configuration": {"rate": rate},
            "options": {"rate": rate, "epochs": EPOCHS, "monitor": "cross_entropy"},
            "validation": True,
            "classes": list(CLASSES),
            "simulated": False,
            "engine": "reference",
            "device": "cpu",
            "threads": 1,
            "seed": 5,
            "commit": "a" * 40,
            "dirty": False,
            "lock": "b" * 64,
            "versions": {"python": "3.12.1"},
            "hardware": {"processor": "a processor", "cores": 2},
            "wall_time_s": 10.5,
            "resumes": 1,
            "sequences_per_s": 100.0,
            "peak_gpu_memory_mb": None,
            "data": {
                "sequences": sha256(results / "datasets" / "toy" / "sequences.parquet"),
                "splits": sha256(place / "splits.parquet"),
            },
            "files": hashes_of(
                folder, ["history.parquet", "predictions.parquet", "weights.safetensors"]
            ),
            "replicates": [
                {
                    "replicate": replicate,
                    "epochs": EPOCHS,
                    "best_epoch": int(epoch),
                    "diverged_epoch": None,
                    "stopped": "all epochs",
                }
                for replicate, epoch in enumerate(best)
            ],
        },
    )


def _write_products(results: Path, folders: list[Path]) -> None:
    place = results / "toy_report" / "toy"
    runs = load_runs(folders)
    published = {"toy.csv": pd.read_csv(results.parent / "toy.csv")}
    sequences = _sequences()
    subjects = pd.DataFrame({"id": sequences.ids, "subject": sequences.subjects})
    for name, spec in SECTION["spec"]["tables"].items():
        table = build_table(spec, runs, published, subjects)
        write_table_files(table, place / "tables" / name)
    write_claims(evaluate_claims(SECTION["spec"]["claims"], runs), place / "claims")
    for ending in ("svg", "png"):
        write_text(place / "figures" / f"figure1.{ending}", "a figure")
        write_text(results / "datasets" / "toy" / f"preview.{ending}", "a figure")
    write_text(results / "toy.html", "a page")


def _record(results: Path) -> None:
    """Write the record of what lies in the folder now."""
    archive = {"path": "downloads/toy/toy.zip", "known": [], "members": True}
    folders = sorted(path.parent for path in results.glob("*/*/runs/*/*/run.json"))
    record = Record(
        project="toy",
        written={"commit": "a" * 40, "dirty": False, "lock": None, "versions": {}},
        page=hashes_of(results, ["toy.html"]),
        data={
            "toy": record_data(
                results,
                "toy",
                tables=["sequences.parquet"],
                files=["card.json", "preview.svg", "preview.png"],
                archive=archive,
            )
        },
        reports=[record_report(results, SECTION | {"runs": folders}, lambda file: PUBLISHED)],
    )
    write_record(results / "toy.provenance.json", record)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder as it was built."""
    results = tmp_path_factory.mktemp("made") / "results"
    data = results / "datasets" / "toy"
    sequences = _sequences()
    data.mkdir(parents=True)
    write_sequences(data / "sequences.parquet", sequences)
    write_json(data / "card.json", {"simulated": False, "sources": {"raw.txt": "c" * 64}})
    write_text(results / "downloads" / "toy" / "toy.zip", "an archive")
    write_text(results.parent / "toy.csv", PUBLISHED)
    write_table(results / "toy_report" / "toy" / "splits.parquet", _splits(sequences))
    folders = []
    for experiment, rates in RUNS.items():
        for seed, rate in enumerate(rates):
            folder = results / "toy_report" / "toy" / "runs" / experiment / f"rate={rate}"
            folder.mkdir(parents=True)
            _write_run(folder, results, rate, seed)
            folders.append(folder)
    _write_products(results, folders)
    _record(results)
    return results


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.fixture
def record_again() -> Callable[[Path], None]:
    """Write the record anew, as someone would who hides a change: hashes of runs included."""

    def rewrite(results: Path) -> None:
        for path in results.glob("*/*/runs/*/*/run.json"):
            facts = read_json(path)
            place = path.parents[3]
            if "files" in facts:
                facts["files"] = hashes_of(path.parent, list(facts["files"]))
            facts["data"]["splits"] = sha256(place / "splits.parquet")
            facts["data"]["sequences"] = sha256(results / "datasets" / "toy" / "sequences.parquet")
            write_json(path, facts)
        _record(results)

    return rewrite


@pytest.fixture
def change_record() -> Callable[..., None]:
    """Replace parts of the record, its own hash included."""

    def change(results: Path, **parts: Any) -> None:
        path = results / "toy.provenance.json"
        write_record(path, replace(read_record(path), **parts))

    return change


@pytest.fixture
def edit_table() -> Callable[..., None]:
    """Edit a parquet file in place through a function of its frame."""

    def edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        table, metadata = read_table(path)
        write_table(path, change(table.to_pandas()), metadata)

    return edit
