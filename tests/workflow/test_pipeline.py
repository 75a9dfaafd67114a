"""The real Snakefile, from simulated recordings to the page."""

import copy
import shutil
import zipfile

import pandas as pd
import yaml

from harmodels.cli import main

RUNS = "results/rnn_tbptt/simulated/runs"


def planned(checkout, *arguments):
    return checkout.snakemake(
        "--dry-run", "--configfile", str(checkout.work / "tiny.yaml"), *arguments
    )


def test_the_pipeline_makes_every_kind_of_product_and_says_what_is_simulated(built):
    folder = built.work / "results"
    report = folder / "rnn_tbptt" / "simulated"
    texts = [folder / "tiny.html", folder / "datasets" / "simulated" / "preview.svg"]
    products = ("tables/table1.md", "tables/table3.tex", "claims.md", "figures/figure5.svg")
    for path in (*texts, *map(report.joinpath, products)):
        assert "SIMULATED" in path.read_text(encoding="utf-8"), path
    records = [folder / "tiny.provenance.json", folder / "provenance.md"]
    for path in (report / "tables/table1.csv", report / "figures/figure7.png", *records):
        assert path.stat().st_size > 0, path


def test_the_report_of_snakemake_holds_tables_and_ledger_under_their_titles(built, tmp_path):
    report = tmp_path / "report.zip"
    built.snakemake("--configfile", str(built.work / "tiny.yaml"), "--report", str(report))
    with zipfile.ZipFile(report) as archive:
        names = archive.namelist()
        (page,) = (name for name in names if name.endswith("report.html"))
        text = archive.read(page).decode("utf-8")
    assert sum(name.endswith(".csv") for name in names) == 5 + 1  # tables, ledger
    assert "Table 1" in text
    assert "Elman network, truncated BPTT" in text


# Which change is part of which digest is asked in tests/pipeline/test_digests.py; that Snakemake
# acts on it, here.
def test_a_changed_figure_and_a_changed_option_rerun_what_reads_them(once_more):
    once_more.change("reporting/figures/losses.py")
    path = once_more.root / "config" / "reports" / "rnn_tbptt.yaml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    part_c = report["experiments"]["part_c"]
    part_c["options"] = {**part_c["options"], "clip": 0.5}  # an anchor shares them with part_b
    path.write_text(yaml.safe_dump(report, sort_keys=False), encoding="utf-8")
    plan = planned(once_more)
    assert "draw_figure" in plan
    trained = [line for line in plan.splitlines() if "Training rnn_tbptt" in line]
    assert len(trained) == 2
    assert all("part_c" in line for line in trained)


def test_a_changed_layer_retrains_its_networks_and_prepares_nothing_again(once_more):
    once_more.change("nn/elman.py")
    plan = planned(once_more)
    assert plan.count("Training rnn_tbptt") == 4
    assert "prepare_sequences" not in plan


def test_two_builds_are_the_same_bytes_whatever_the_locale(built, once_more, foreign_locale):
    shutil.rmtree(once_more.work / "results")
    shutil.rmtree(once_more.work / ".snakemake")
    command = ("--configfile", str(once_more.work / "tiny.yaml"), "--cores", "1")
    once_more.snakemake(*command, **foreign_locale)
    endings = {".parquet", ".safetensors", ".csv", ".md", ".tex", ".svg", ".png"}
    made = sorted(
        p
        for p in (built.work / "results").rglob("*")
        if p.suffix in endings and p.name != "provenance.md"  # which tells times
    )
    assert len(made) > 30
    for path in made:
        again = once_more.work / path.relative_to(built.work)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_run_json_tells_how_the_run_came_to_be(built):
    runs = list((built.work / RUNS).rglob("run.json"))
    assert len(runs) == 4
    facts = pd.read_json(runs[0], typ="series")
    assert facts["engine"] == "compiled"
    assert facts["simulated"]
    assert len(facts["replicates"]) == 2
    assert {"torch", "numba", "python"} <= set(facts["versions"])
    assert len(facts["data"]["sequences"]) == 64


def test_what_was_built_follows_from_its_runs(built, capsys):
    assert main(["verify", str(built.work / "results")]) == 0
    # tables 1 to 3, closeness and stopping rules in three forms, the ledger in two
    assert "17 files of tables and ledgers recomputed" in capsys.readouterr().out


def test_another_project_in_the_same_folder_writes_its_own_record_and_nothing_else(built, tmp_path):
    other = tmp_path / "other.yaml"
    tiny = (built.work / "tiny.yaml").read_text(encoding="utf-8")
    other.write_text(tiny.replace("name: tiny", "name: other"), encoding="utf-8")
    plan = built.snakemake("--dry-run", "--configfile", str(other))
    assert "results/other.provenance.json" in plan
    assert "results/provenance.md" in plan
    assert "train_network" not in plan
    assert "build_table" not in plan


def test_planning_asks_no_address(checkout, tiny, monkeypatch):
    monkeypatch.setenv("HARMODELS_MIRROR", "http://127.0.0.1:9/nothing-listens-here")
    content = copy.deepcopy(tiny)
    content["reports"]["rnn_tbptt"]["datasets"] = ["wisdm"]
    plan = checkout.snakemake("--dry-run", "--configfile", checkout.configure(content))
    assert "download_archive" in plan
    assert "train_network" in plan


def test_a_run_lists_no_files_unless_it_is_asked_why(checkout, tiny):
    command = ("--dry-run", "--configfile", checkout.configure(tiny))
    said = checkout.snakemake(*command).splitlines()
    assert len(said) > 50
    assert [line for line in said if len(line) > 200] == []
    assert "Reason: Missing output files" in checkout.snakemake(*command, "--quiet", "host")
