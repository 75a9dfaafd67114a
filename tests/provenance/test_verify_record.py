"""What `verify` says of products without a record and of records themselves."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.cli import main
from harmodels.errors import ResultsError
from harmodels.provenance.record import ProjectRecord, read_record, write_record
from harmodels.provenance.verification import Checks, verify_folder
from harmodels.provenance.verification.coverage import check_coverage
from tests.provenance.test_verify import PLACE, RUN, found


def uncovered(results):
    """Return what `verify` finds of the coverage of a folder alone."""
    checks = Checks(results)
    check_coverage(checks, [read_record(results / "toy.provenance.json")])
    return checks.findings


@pytest.mark.parametrize(
    ("file", "product"),
    [
        ("other.html", True),
        *[(f"other.{ending}", True) for ending in ("htm", "js", "tsv", "xlsx", "jpg", "HTML")],
        ("without_an_ending", True),
        (f"{PLACE}/claims.json", True),
        (f"{PLACE}/tables/table1.csv.bak", True),
        ("recordings/x/summary.txt", True),
        ("models/x/weights.bin", True),
        ("datasets/toy/feature_map.parquet", True),
        (f"{RUN}/more.parquet", True),
        (f"{PLACE}/runs/plain/notes.json", True),
        ("ro-crate-metadata.json/x.html", True),
        ("logs", True),  # no folder of logs
        ("datasets/toy/raw/x.csv", False),
        ("ro-crate-metadata.json", False),
        (f"{PLACE}/tables/table9.csv", True),
        (f"{PLACE}/figures/figure9.png", True),
        ("other_report/toy/claims.md", True),
        ("datasets/other/preview.svg", True),
        ("logs/x.md", False),
        ("benchmarks/x.csv", False),
        (f"{PLACE}/.table1.md", False),
    ],
)
def test_a_file_without_a_record_is_named_and_a_log_or_a_hidden_file_not(results, file, product):
    (results / file).parent.mkdir(parents=True, exist_ok=True)
    (results / file).write_text("a product", encoding="utf-8")
    findings = uncovered(results)
    assert [finding.file for finding in findings] == [file] * product
    assert all("is named by no record" in finding.problem for finding in findings)


NAMES = st.text("abz.~0é ", min_size=1, max_size=6).filter(lambda name: name[0] != ".")
PLACES = (
    "",
    f"{PLACE}/",
    f"{PLACE}/tables/",
    f"{PLACE}/figures/",
    "live/",
    "datasets/toy/",
    "x/y/",
)


@given(place=st.sampled_from(PLACES), name=NAMES)
def test_no_new_file_goes_unseen_whatever_its_ending(made, place, name):
    file = made / place / name
    new = not file.parent.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("new", encoding="utf-8")
    try:
        findings = uncovered(made)
    finally:
        file.unlink()
        if new:
            shutil.rmtree(made / place.split("/")[0])
    assert [finding.file for finding in findings] == [f"{place}{name}"]


@pytest.mark.parametrize("to_folder", [True, False])
def test_what_lies_behind_a_link_is_seen(results, tmp_path, to_folder):
    (tmp_path / "x.html").write_text("a page", encoding="utf-8")
    (results / "more").symlink_to(tmp_path if to_folder else tmp_path / "nothing.html")
    (results / "round").symlink_to(results)
    seen = {"more/x.html"} if to_folder else {"more"}
    assert {name for name in found(results) if name.startswith("more")} >= seen


def test_weights_that_the_run_did_not_write_are_named(results, record_again, edit_json):
    kept = {"history.parquet": "", "predictions.parquet": ""}
    edit_json(results / RUN / "run.json", {"files": kept})
    record_again(results)
    assert list(found(results)) == [f"{RUN}/weights.safetensors"]


def test_splits_of_no_record_are_a_note(results):
    splits = f"{PLACE}/splits/report+replicates=2-2.parquet"
    shutil.copy(results / PLACE / "splits" / "report.parquet", results / splits)
    checks = verify_folder(results)
    assert checks.findings == []
    assert f"1 splits file of no record: {splits}" in checks.notes


def test_predictions_without_a_run_json_are_a_note(results):
    strange = f"{PLACE}/runs/plain/learning_rate=0.9"
    (results / strange).mkdir()
    shutil.copy(results / RUN / "predictions.parquet", results / strange)
    assert f"1 run of no record: {strange}" in verify_folder(results).notes


def test_without_its_record_everything_that_it_covered_is_named(results):
    covered = read_record(results / "toy.provenance.json")
    empty = ProjectRecord(project="other", written=covered.written, page={}, data={}, reports=[])
    write_record(results / "other.provenance.json", empty)
    (results / "toy.provenance.json").unlink()
    products = {file for part in covered.reports for p in part.products for file in p.files}
    assert products | {"toy.html", "provenance.md"} <= set(found(results))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text + " ", "does not follow from the record and its runs: line "),
        (lambda text: text.replace("| Seed | 5 |", "| Seed | 6 |"), "'| Seed | 6 |' but '| Seed"),
        (lambda text: text.replace("`toy`", "`that`", 1), "is of none of the records"),
        (lambda text: "", "is of none of the records"),
    ],
)
def test_a_changed_page_of_provenance_is_named(results, change, says):
    path = results / "provenance.md"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    (problem,) = found(results)["provenance.md"]
    assert says in problem


@pytest.mark.parametrize("file", [f"{RUN}/predictions.parquet", f"{PLACE}/splits/report.parquet"])
def test_a_table_beyond_the_bound_is_named_and_not_read(results, file, monkeypatch):
    monkeypatch.setattr("harmodels.provenance.verification.checks.MOST_BYTES", 1000)
    assert "the most that one file may take here is" in " ".join(found(results)[file])


def test_a_run_from_before_hashes_is_a_note(results, record_again, edit_json):
    edit_json(results / RUN / "run.json", {"files": None})
    record_again(results)
    checks = verify_folder(results)
    assert checks.findings == []
    assert any(f"{RUN} was made before hashes were recorded" in note for note in checks.notes)


def test_an_edited_record_is_named(results):
    path = results / "toy.provenance.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["project"] = "another"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "was changed after it was written" in found(results)["toy.provenance.json"][0]


def test_a_record_that_names_files_elsewhere_is_refused(results, change_record):
    change_record(results, page={"../toy.csv": "0" * 64})
    assert "lies outside the results folder" in found(results)["toy.provenance.json"][0]


def test_a_run_of_no_record_is_a_note(results):
    strange = f"{PLACE}/runs/plain/learning_rate=0.9"
    shutil.copytree(results / RUN, results / strange)
    checks = verify_folder(results)
    assert checks.findings == []
    assert f"1 run of no record: {strange}" in checks.notes


def test_a_folder_without_a_record_says_what_to_name(tmp_path):
    with pytest.raises(ResultsError, match="name a results folder"):
        verify_folder(tmp_path)


def test_the_command_ends_with_0_if_all_follows_and_with_1_if_not(results, capsys):
    assert main(["verify", str(results)]) == 0
    assert "all consistent" in capsys.readouterr().out
    (results / "toy.html").unlink()
    assert main(["verify", str(results)]) == 1
    printed = capsys.readouterr()
    assert "toy.html is missing" in printed.out
    assert "1 inconsistency" in printed.err
