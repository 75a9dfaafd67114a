"""`runs` and `recency` count what a record names, and nothing that a project has left behind."""

import os
import shutil

import pytest

from harmodels.cli import main
from harmodels.errors import ResultsError
from harmodels.files import read_json, write_json
from harmodels.provenance.current import current_runs, refuse_mixed
from harmodels.provenance.record import read_record

PLACE = "toy_report/toy"
NAME = "learning_rate=0.1"
RUN = f"{PLACE}/runs/plain/{NAME}"
NETWORKS = 6  # of the three runs of the folder


@pytest.fixture
def block(edit_table):
    """Write replicates 2, 3, … of the first run, or a fold of it, as another part of it."""

    def write(results, replicates=2, fold=None, seed=5):
        part = f"+replicates=2-{1 + replicates}" if fold is None else f"+fold={fold}"
        shift = 2 if fold is None else 0
        folder = shutil.copytree(results / RUN, results / f"{RUN}{part}")

        def moved(frame):
            return frame[frame["replicate"] < replicates].assign(
                replicate=lambda rows: rows["replicate"] + shift
            )

        for name in ("history", "predictions"):
            edit_table(folder / f"{name}.parquet", moved)
        splits = results / PLACE / "splits"
        if fold is None:
            shutil.copy(splits / "report.parquet", splits / f"report{part}.parquet")
            edit_table(splits / f"report{part}.parquet", moved)
        facts = read_json(folder / "run.json")
        outcomes = [one | {"replicate": one["replicate"] + shift} for one in facts["replicates"]]
        facts |= {"replicates": outcomes[:replicates], "first": shift, "part": part}
        write_json(folder / "run.json", facts | {"fold": fold, "seed": seed})
        return folder

    return write


def recency(results, capsys, status=0):
    assert main(["recency", str(results / PLACE)]) == status
    printed = capsys.readouterr()
    return printed.err if status else printed.out.splitlines()


def test_all_runs_of_a_finished_project_count(results, capsys):
    assert current_runs(results).notes == []
    assert f" of {NETWORKS} networks" in recency(results, capsys)[-1]


@pytest.mark.parametrize(
    "part",
    [{"replicates": 1}, {"replicates": 2}, {"fold": "9"}, {"replicates": 1, "seed": 6}],
    ids=["block", "larger block", "fold", "seed"],
)
def test_a_part_that_no_record_names_is_left_out_and_named(results, block, capsys, part):
    folder = block(results, **part)
    lines = recency(results, capsys)
    assert f" of {NETWORKS} networks" in lines[-1]
    assert lines[-2] == f"left out, because no record names it: 1 run, {folder}"
    assert main(["runs", str(results)]) == 0
    printed = capsys.readouterr().out
    assert folder.name not in printed.replace(str(folder), "")
    assert str(folder) in printed.splitlines()[-1]


def test_a_block_that_the_record_names_counts(results, block, record_again, capsys):
    block(results, replicates=2)
    record_again(results)
    assert f" of {NETWORKS + 2} networks" in recency(results, capsys)[-1]


def test_of_a_smaller_project_the_larger_block_is_left_out(results, block, record_again, capsys):
    block(results, replicates=1)
    record_again(results)
    block(results, replicates=2)
    assert f" of {NETWORKS + 1} networks" in recency(results, capsys)[-1]


@pytest.mark.parametrize("recorded", [True, False])
def test_a_whole_block_stands_for_the_partial_one(results, block, record_again, capsys, recorded):
    for replicates in (1, 2):
        block(results, replicates=replicates)
    record_again(results)
    if not recorded:
        (results / "toy.provenance.json").unlink()
    lines = recency(results, capsys)
    assert f" of {NETWORKS + 2} networks" in lines[-1]
    assert ("of no record: 5 runs" in lines) is not recorded


@pytest.mark.parametrize("part", [{"replicates": 2}, {"replicates": 1}])
def test_without_a_record_parts_of_several_seeds_are_refused(results, block, capsys, part):
    folder = block(results, **part, seed=6)
    (results / "toy.provenance.json").unlink()
    message = recency(results, capsys, status=1)
    assert f"{folder} are of different trainings" in message
    assert "Run snakemake to its end" in message


def test_a_replicate_that_two_runs_hold_is_refused(results, block):
    folder = block(results, replicates=2)
    facts = read_json(folder / "run.json")
    facts["replicates"][1]["replicate"] = 1
    write_json(folder / "run.json", facts)
    (results / "toy.provenance.json").unlink()
    with pytest.raises(ResultsError, match="different trainings"):
        refuse_mixed(current_runs(results).runs)


def test_a_run_that_was_made_after_its_record_is_named(results, edit_json, capsys):
    edit_json(results / RUN / "run.json", {"wall_time_s": 9.0})
    expected = f"made or changed after its record was written: 1 run, {results / RUN}"
    assert recency(results, capsys)[-2] == expected


def test_a_run_that_a_record_names_and_that_is_gone_is_named(results, capsys):
    shutil.rmtree(results / RUN)
    lines = recency(results, capsys)
    assert lines[-2] == f"named by a record and missing: 1 run, {results / RUN}"
    assert f" of {NETWORKS - 2} networks" in lines[-1]


def test_a_copy_of_the_results_among_them_is_left_out(results):
    shutil.copytree(results / "toy_report", results / "old" / "toy_report")
    assert len(current_runs(results).runs) == 3
    (note,) = current_runs(results).notes
    assert "no record names it: 3 runs" in note


def test_two_projects_in_one_folder_count_together(results, change_record):
    shutil.copy(results / "toy.provenance.json", results / "other.provenance.json")
    record = read_record(results / "toy.provenance.json")
    part = record.reports[0]
    first = part.model_copy(update={"runs": {RUN: part.runs[RUN]}})
    change_record(results, reports=[first])
    assert len(current_runs(results).runs) == 3
    (results / "other.provenance.json").unlink()
    assert list(current_runs(results).runs) == [results / RUN]


def test_a_place_that_lies_elsewhere_behind_a_link_is_read(results, capsys, tmp_path):
    shutil.move(results / "toy_report", tmp_path / "scratch")
    (results / "toy_report").symlink_to(tmp_path / "scratch")
    assert f" of {NETWORKS} networks" in recency(results, capsys)[-1]
    assert len(current_runs(results).runs) == 3


@pytest.mark.parametrize("folder", [f"{PLACE}/../toy", "toy_report/../toy_report/toy/", PLACE])
def test_a_place_may_be_written_in_other_ways(results, capsys, monkeypatch, folder):
    assert main(["recency", f"{results}/{folder}"]) == 0
    monkeypatch.chdir(results / PLACE)
    assert main(["recency", "."]) == 0
    here, there = capsys.readouterr().out.split("a\n")[0], recency(results, capsys)[-1]
    assert there in here


@pytest.mark.parametrize("folder", ["toy_report", "toy.html", "."])
def test_another_folder_than_a_place_is_refused_with_what_is_meant(results, capsys, folder):
    assert main(["recency", str(results / folder)]) == 1
    assert "should be results/<report>/<data set>" in capsys.readouterr().err


def test_leaving_out_every_class_is_refused(results, capsys):
    classes = ["sitting", "standing", "walking"]
    assert main(["recency", str(results / PLACE), "--except", *classes]) == 1
    assert "leave out fewer" in capsys.readouterr().err
    assert main(["recency", str(results / PLACE), "--except", *classes[:2]]) == 0


def test_leaving_out_the_only_class_that_was_tested_is_refused(results, edit_table, capsys):
    edit_table(results / RUN / "predictions.parquet", lambda frame: frame[frame["label"] == 0])
    assert main(["recency", str(results / PLACE), "--except", "sitting"]) == 1
    assert "leave out fewer" in capsys.readouterr().err


@pytest.mark.parametrize("name", [b"x\x1b[2K\rall consistent.html", b"\xff.html", b"a\nb.html"])
def test_names_of_files_cannot_forge_a_line(results, capsys, name):
    open(os.path.join(os.fsencode(results), name), "wb").close()
    assert main(["verify", str(results)]) == 1
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if line.endswith("configuration that builds it")] != []
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("b.html") for line in lines)


def test_text_of_a_table_cannot_forge_a_line(made, results, capsys):
    path = results / PLACE / "tables" / "table1.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("0.1,", "\x1b[2K0 cells differ,", 1), encoding="utf-8")
    assert main(["diff", str(made), str(results)]) == 1
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


def test_a_damaged_record_is_named(results, capsys):
    (results / "toy.provenance.json").write_text("{}", encoding="utf-8")
    assert "toy.provenance.json is no record" in recency(results, capsys, status=1)
    assert main(["runs", str(results)]) == 1
