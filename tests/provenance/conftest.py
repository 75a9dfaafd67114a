"""A small results folder with its record, its runs trained and written as the rules do it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harmodels.config.published import read_published_runs
from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences, write_sequences
from harmodels.files import read_json, read_table, sha256, write_json, write_table, write_text
from harmodels.provenance.build import hashes_of, record_data, record_report
from harmodels.provenance.record import ProjectRecord, read_record, write_record
from harmodels.provenance.text import provenance_markdown
from harmodels.records.run import Program, RunRecord
from harmodels.reporting.claims import ClaimSpec, Families, judge_claims, write_claims
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import read_published
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import TableSpec, write_table_files
from harmodels.seeds import Purpose, generator
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.run import run_job

CLASSES = ("sitting", "standing", "walking")
EACH = 12  # sequences of each class
STEPS = 5  # of each sequence
CARD = {
    "simulated": False,
    "sources": {"raw.txt": "c" * 64},
    "sequences": EACH * len(CLASSES),
    "classes": list(CLASSES),
    "licence": "CC BY 4.0",
    "citation": "A. Author: Toys",
}
REPLICATES = 2
EPOCHS = 4
PUBLISHED = "learning_rate,top1\n0.1,0.5\n0.2,0.75\n"
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
FIGURE = {"title": "Nothing", "kind": "confusion", "experiment": "plain", "checkpoint": "last"}
SUBJECTS = {
    "title": "Accuracy by subject",
    "kind": "subject_accuracy",
    "experiment": "other",
    "checkpoint": "last",
}
SECTION: dict[str, Any] = {
    "families": {"protocol": "one", "exploratory": "it has 2 replicates", "other_tests": 7},
    "report": "toy_report",
    "dataset": "toy",
    "reads": dict.fromkeys(("plain", "other"), "datasets/toy/sequences.parquet"),
    "published_runs": {"plain": {"table": "toy.csv"}},
    "spec": {
        "tables": {"table1": TABLE, "people": SUBJECTS},
        "figures": {"figure1": FIGURE},
        "claims": {"zeta": CLAIM, "alpha": CLAIM | {"statement": "The same once more"}},
    },
}
RUNS = {"plain": (0.1, 0.2), "other": (0.1,)}
OPTIONS = {
    "hidden": 3,
    "window": 4,
    "epochs": EPOCHS,
    "clip": 1.0,
    "recurrent_gradient": "transposed",
    "initial_range": 0.1,
    "monitor": "binary_cross_entropy",
}


def _sequences() -> Sequences:
    random = generator(5, Purpose.SIMULATION)
    count = EACH * len(CLASSES)
    return Sequences(
        facts=SequenceFacts("toy", CLASSES, ("x",), ("g",), 50.0),
        ids=np.array([f"all/{i:03d}" for i in range(count)]),
        subjects=np.array([str(i % 3) for i in range(count)]),
        official_split=np.array([""] * count),
        labels=np.arange(count) % len(CLASSES),
        offsets=np.arange(count + 1) * STEPS,
        values=random.normal(size=(count * STEPS, 1)).astype(np.float32),
    )


def _splits(sequences: Sequences) -> pd.DataFrame:
    parts = []
    for replicate in range(REPLICATES):
        names = np.array(["train"] * 18 + ["validation"] * 6 + ["test"] * 12)
        names[:24] = np.roll(names[:24], 3 * replicate)
        parts.append(pd.DataFrame({"replicate": replicate, "id": sequences.ids, "split": names}))
    return pd.concat(parts, ignore_index=True).astype({"replicate": np.int16})


def _train(results: Path, experiment: str, rate: float) -> Path:
    """Train one configuration and return its folder."""
    place = results / "toy_report" / "toy"
    name = f"learning_rate={rate}"
    job = Job(
        report="toy_report",
        dataset="toy",
        experiment=experiment,
        name=name,
        configuration={"learning_rate": rate},
        options=OPTIONS | {"learning_rate": rate, "measure_gradients": experiment == "other"},
        training="truncated_bptt",
        channels=None,
        fingers=None,
        validation=True,
        seed=5,
        replicates=REPLICATES,
        engine="reference",
        device="cpu",
    )
    folder = place / "runs" / experiment / name
    run_job(
        job,
        sequences_path=str(results / "datasets" / "toy" / "sequences.parquet"),
        splits_path=str(place / "splits/report.parquet"),
        folder=folder,
        repository=results,
        threads=1,
    )
    return folder


def _write_products(results: Path, folders: list[Path]) -> None:
    place = results / "toy_report" / "toy"
    runs = load_runs(folders)
    published = {"toy.csv": pd.read_csv(results.parent / "toy.csv")}
    theirs = read_published(read_published_runs(SECTION["published_runs"]), published)
    sequences = _sequences()
    subjects = pd.DataFrame({"id": sequences.ids, "subject": sequences.subjects})
    given = Sources(runs, published, theirs, subjects)
    for name, spec in SECTION["spec"]["tables"].items():
        write_table_files(TableSpec.read(spec).build(given), place / "tables" / name)
    claims = ClaimSpec.read_all(SECTION["spec"]["claims"])
    families = Families.read(SECTION["families"])
    write_claims(judge_claims(claims, given, families), place / "claims")
    for ending in ("svg", "png"):
        write_text(place / "figures" / f"figure1.{ending}", "a figure")
        write_text(results / "datasets" / "toy" / f"preview.{ending}", "a figure")
    write_text(results / "toy.html", "a page")


def _record(results: Path) -> None:
    """Write the record of what lies in the folder now."""
    write_text(results.parent / "toy.csv", PUBLISHED)
    archive = {"path": "downloads/toy/toy.zip", "known": [], "members": True}
    folders = sorted(path.parent for path in results.glob("*/*/runs/*/*/run.json"))
    splits = results / "toy_report" / "toy" / "splits" / "report.parquet"
    section = SECTION | {"runs": folders, "splits": {str(f): str(splits) for f in folders}}
    record = ProjectRecord(
        project="toy",
        written=Program(commit="a" * 40, dirty=False, versions={"harmodels": "1.2"}),
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
        reports=[record_report(results, section, results.parent)],
    )
    write_record(results / "toy.provenance.json", record)
    runs = {folder: RunRecord.read_file(results / folder / "run.json") for folder in record.runs}
    write_text(results / "provenance.md", provenance_markdown(record, runs))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder as it was built."""
    results = tmp_path_factory.mktemp("made") / "results"
    data = results / "datasets" / "toy"
    sequences = _sequences()
    data.mkdir(parents=True)
    write_sequences(data / "sequences.parquet", sequences)
    write_json(data / "card.json", CARD)
    write_text(results / "downloads" / "toy" / "toy.zip", "an archive")
    write_text(results.parent / "toy.csv", PUBLISHED)
    write_table(results / "toy_report" / "toy" / "splits/report.parquet", _splits(sequences))
    folders = [_train(results, name, rate) for name, rates in RUNS.items() for rate in rates]
    _write_products(results, folders)
    _record(results)
    return results


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.fixture
def record_again() -> Callable[[Path], None]:
    """Rewrite the record and all hashes, as someone would who hides a change."""

    def rewrite(results: Path) -> None:
        for path in results.glob("*/*/runs/*/*/run.json"):
            facts = read_json(path)
            place = path.parents[3]
            if "files" in facts:
                facts["files"] = hashes_of(path.parent, list(facts["files"]))
            facts["data"]["splits"] = sha256(place / "splits/report.parquet")
            facts["data"]["sequences"] = sha256(results / "datasets" / "toy" / "sequences.parquet")
            write_json(path, facts)
        _record(results)

    return rewrite


@pytest.fixture
def change_record() -> Callable[..., None]:
    """Replace parts of the record, its own hash included."""

    def change(results: Path, **parts: Any) -> None:
        path = results / "toy.provenance.json"
        write_record(path, read_record(path).model_copy(update=parts))

    return change


@pytest.fixture
def edit_table() -> Callable[..., None]:
    """Edit a parquet file in place through a function of its frame."""

    def edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        table, metadata = read_table(path)
        write_table(path, change(table.to_pandas()), metadata)

    return edit


@pytest.fixture
def rebuild(record_again: Callable[[Path], None]) -> Callable[[Path], None]:
    """Build the products again from the runs as they are now, and record them."""

    def build(results: Path) -> None:
        write_text(results.parent / "toy.csv", PUBLISHED)
        folders = [path.parent for path in results.glob("*/*/runs/*/*/run.json")]
        _write_products(results, sorted(folders))
        record_again(results)

    return build
