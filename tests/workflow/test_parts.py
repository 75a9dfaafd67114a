"""The real Snakefile: more replicates, and leave-one-subject-out, as parts of a run."""

import copy

import pandas as pd
import yaml

from harmodels.files import read_json, sha256


def trained(printed):
    """Return what was trained, from Snakemake's messages."""
    return sorted(
        line.split("Training ", 1)[1]
        for line in printed.splitlines()
        if "Training rnn_tbptt on" in line
    )


def test_more_replicates_train_only_the_new_ones(checkout, tiny):
    config = copy.deepcopy(tiny) | {"replicates": 2, "replicates_in_a_job": 2}
    table = "results/rnn_tbptt/simulated/tables/table1.csv"
    first = checkout.snakemake(table, "--configfile", checkout.configure(config))
    assert len(trained(first)) == 2
    runs = checkout.work / "results" / "rnn_tbptt" / "simulated" / "runs" / "part_b"
    before = {path: sha256(path) for path in sorted(runs.rglob("*")) if path.is_file()}
    assert pd.read_csv(checkout.work / table)["replicates"].eq(2).all()

    config["replicates"] = 5
    second = checkout.snakemake(table, "--configfile", checkout.configure(config))
    found = trained(second)
    assert len(found) == 4
    assert all("+replicates=2-3" in line or "+replicates=4-4" in line for line in found)
    assert {path: sha256(path) for path in before} == before
    assert pd.read_csv(checkout.work / table)["replicates"].eq(5).all()


def test_every_person_is_left_out_once_by_a_job_of_their_own(checkout, tiny):
    path = checkout.root / "config" / "reports" / "rnn_tbptt.yaml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    report["draws"] = {"everyone": {"protocol": "leave_one_subject_out", "test_per_class": None}}
    report["experiments"]["part_b"]["draw"] = "everyone"
    report["experiments"]["part_b"]["grid"]["learning_rate"] = [0.1]
    report["tables"] = {"table1": report["tables"]["table1"]}
    report["tables"]["table1"].pop("published")
    report["figures"], report["claims"] = {}, {}
    path.write_text(yaml.safe_dump(report, sort_keys=False), encoding="utf-8")
    registry = checkout.root / "config" / "datasets.yaml"
    entries = yaml.safe_load(registry.read_text(encoding="utf-8"))
    entries["simulated"]["simulation"] |= {"subjects": 4, "test_subjects": 1}
    entries["simulated"]["subjects"] = 4
    registry.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")

    config = copy.deepcopy(tiny) | {"replicates": 1}
    config["reports"]["rnn_tbptt"] |= {"experiments": ["part_b"]}
    printed = checkout.snakemake("--configfile", checkout.configure(config))
    assert [line.rpartition("+")[2].rstrip(".") for line in trained(printed)] == [
        f"fold={person}" for person in (1, 2, 3, 4)
    ]
    place = checkout.work / "results" / "rnn_tbptt" / "simulated"
    subjects = pd.read_parquet(
        checkout.work / "results" / "datasets" / "simulated" / "sequences.parquet",
        columns=["id", "subject"],
    ).set_index("id")["subject"]
    tested = []
    for folder in sorted(place.glob("runs/part_b/*")):
        fold = read_json(folder / "run.json")["fold"]
        rows = pd.read_parquet(folder / "predictions.parquet")
        assert set(subjects[rows.loc[rows["split"] == "test", "id"]]) == {fold}
        assert fold not in set(subjects[rows.loc[rows["split"] == "train", "id"]])
        tested += rows.loc[(rows["split"] == "test"), "id"].tolist()
    assert sorted(tested) == sorted(subjects.index)
    table = pd.read_csv(place / "tables" / "table1.csv")
    assert table["replicates"].eq(1).all()
