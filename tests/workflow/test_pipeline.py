"""The real Snakefile, from simulated recordings to the page."""

import copy
import shutil
import zipfile

import pandas as pd
import pytest
import yaml

from harmodels.cli import main
from harmodels.files import read_table, write_table

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

RUNS = "results/rnn_tbptt/simulated/runs"


def planned(checkout, *arguments):
    return checkout.snakemake(
        "--dry-run", "--configfile", str(checkout.work / "tiny.yaml"), *arguments
    )


def copied(built, folder):
    """The built checkout once more, to be changed."""
    for part in (built.root.name, built.work.name):
        shutil.copytree(built.root.parent / part, folder / part, symlinks=True)
    return type(built)(folder / built.root.name, folder / built.work.name)


@pytest.mark.parametrize(
    "path",
    [
        "results/tiny.html",
        "results/datasets/simulated/preview.svg",
        "results/rnn_tbptt/simulated/tables/table1.csv",
        "results/rnn_tbptt/simulated/tables/table2.md",
        "results/rnn_tbptt/simulated/tables/table3.tex",
        "results/rnn_tbptt/simulated/figures/figure2.svg",
        "results/rnn_tbptt/simulated/figures/figure7.png",
        "results/rnn_tbptt/simulated/claims.md",
        "results/tiny.provenance.json",
        "results/provenance.md",
    ],
)
def test_the_pipeline_makes(built, path):
    assert (built.work / path).stat().st_size > 0


def test_everything_made_of_simulated_recordings_says_so(built):
    folder = built.work / "results"
    for path in (
        "tiny.html",
        "rnn_tbptt/simulated/tables/table1.md",
        "rnn_tbptt/simulated/tables/table1.tex",
        "rnn_tbptt/simulated/claims.md",
        "rnn_tbptt/simulated/figures/figure5.svg",
        "datasets/simulated/preview.svg",
    ):
        assert "SIMULATED" in (folder / path).read_text(encoding="utf-8"), path


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


def test_a_second_run_does_nothing(built):
    assert "Nothing to be done" in planned(built)


def test_a_changed_figure_redraws_and_retrains_nothing(built, tmp_path):
    checkout = copied(built, tmp_path)
    checkout.change("reporting/figures/losses.py")
    plan = planned(checkout)
    assert "draw_figure" in plan
    assert "train_network" not in plan
    assert "build_table" not in plan


@pytest.mark.parametrize("file", ["nn/elman.py", "training/fit.py", "kernels/elman/tbptt.py"])
def test_a_changed_layer_loop_or_kernel_retrains(built, tmp_path, file):
    checkout = copied(built, tmp_path)
    checkout.change(file)
    plan = planned(checkout)
    assert "train_network" in plan
    assert "prepare_sequences" not in plan


@pytest.mark.parametrize("file", ["nn/cells/gru.py", "models/mlp.py", "kernels/recurrent/loop.py"])
def test_a_changed_layer_of_another_network_retrains_nothing(built, tmp_path, file):
    checkout = copied(built, tmp_path)
    checkout.change(file)
    assert "Nothing to be done" in planned(checkout)


def test_a_changed_template_writes_the_page_and_retrains_nothing(built, tmp_path):
    checkout = copied(built, tmp_path)
    checkout.change("reporting/page/parts.html.j2")
    plan = planned(checkout)
    assert "build_page" in plan
    assert "train_network" not in plan
    assert "build_table" not in plan


def test_a_changed_option_retrains_only_where_it_is_set(built, tmp_path):
    checkout = copied(built, tmp_path)
    path = checkout.root / "config" / "reports" / "rnn_tbptt.yaml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    changed = report["experiments"]["part_c"]
    changed["options"] = {**changed["options"], "clip": 0.5}
    path.write_text(yaml.safe_dump(report, sort_keys=False), encoding="utf-8")
    plan = planned(checkout)
    jobs = [line for line in plan.splitlines() if "Training rnn_tbptt" in line]
    assert len(jobs) == 2
    assert all("part_c" in line for line in jobs)


def test_two_builds_are_the_same_bytes_whatever_the_locale(built, repository, tmp_path):
    second = copied(built, tmp_path)
    shutil.rmtree(second.work / "results")
    shutil.rmtree(second.work / ".snakemake")
    command = ("--configfile", str(second.work / "tiny.yaml"), "--cores", "1")
    second.snakemake(*command, LC_ALL="C", LANG="C")
    endings = {".parquet", ".safetensors", ".csv", ".md", ".tex", ".svg", ".png"}
    made = sorted(
        p
        for p in (built.work / "results").rglob("*")
        if p.suffix in endings and p.name != "provenance.md"  # which tells times
    )
    assert len(made) > 30
    for path in made:
        again = second.work / path.relative_to(built.work)
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


def test_changed_predictions_and_what_does_not_follow_from_them_are_named(built, tmp_path, capsys):
    results = tmp_path / "results"
    shutil.copytree(built.work / "results", results)
    path = next((results / "rnn_tbptt/simulated/runs/part_b").rglob("predictions.parquet"))
    table, metadata = read_table(path)
    frame = table.to_pandas()
    perfect = {f"score_{c}": (frame["label"] == c).astype("float32") for c in range(6)}
    write_table(path, frame.assign(**perfect), metadata)
    assert main(["verify", str(results)]) == 1
    printed = capsys.readouterr().out
    assert f"{path.relative_to(results)} was changed after its run" in printed
    assert "tables/table1.csv does not follow" in printed
    assert "tables/table2.csv" not in printed  # of part_c


def test_another_project_in_the_same_folder_writes_its_own_record_and_trains_nothing(built):
    other = built.work / "other.yaml"
    tiny = (built.work / "tiny.yaml").read_text(encoding="utf-8")
    other.write_text(tiny.replace("name: tiny", "name: other"), encoding="utf-8")
    plan = built.snakemake("--dry-run", "--configfile", str(other))
    other.unlink()
    assert "results/other.provenance.json" in plan
    assert "results/provenance.md" in plan
    assert "train_network" not in plan
    assert "build_table" not in plan


def test_a_damaged_result_is_named_and_not_used(built, tmp_path):
    checkout = copied(built, tmp_path)
    damaged = next((checkout.work / RUNS / "part_b").rglob("history.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    printed = checkout.snakemake(
        "--configfile", str(checkout.work / "tiny.yaml"), "--forcerun", "draw_figure", ok=False
    )
    assert "cannot read" in printed
    assert "history.parquet" in printed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(replicate=1), "did you mean 'replicates'"),
        (lambda c: c["reports"]["rnn_tbptt"].update(datasets=["uci-haar"]), "uci-har"),
    ],
)
def test_a_wrong_configuration_stops_before_anything_runs(checkout, tiny, change, says):
    content = copy.deepcopy(tiny)
    change(content)
    printed = checkout.snakemake("--configfile", checkout.configure(content), ok=False)
    assert says in printed
    assert "Traceback" not in printed
    assert not (checkout.work / "results").exists()


def test_planning_asks_no_address(checkout, monkeypatch):
    monkeypatch.setenv("HARMODELS_MIRROR", "http://127.0.0.1:9/nothing-listens-here")
    plan = checkout.snakemake(
        "--dry-run", "--configfile", str(checkout.root / "config/config.yaml")
    )
    assert "download_archive" in plan
    assert "train_network" in plan
