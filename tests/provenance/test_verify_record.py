"""What `verify` says of products without a record and of records themselves."""

import json
import shutil

import pytest

from harmodels.cli import main
from harmodels.errors import ResultsError
from harmodels.provenance.record import ProjectRecord, read_record, write_record
from harmodels.provenance.verification import verify_folder
from tests.provenance.test_verify import PLACE, RUN, found


@pytest.mark.parametrize(
    ("file", "product"),
    [
        ("other.html", True),
        (f"{PLACE}/tables/table9.csv", True),
        (f"{PLACE}/figures/figure9.png", True),
        ("other_report/toy/claims.md", True),
        ("datasets/other/preview.svg", True),
        ("logs/x.md", False),
        ("benchmarks/x.csv", False),
        (f"{PLACE}/.table1.md", False),
    ],
)
def test_a_product_without_a_record_is_named_and_a_log_or_a_hidden_file_not(results, file, product):
    (results / file).parent.mkdir(parents=True, exist_ok=True)
    (results / file).write_text("a product", encoding="utf-8")
    problems = found(results)
    assert list(problems) == [file] * product
    assert all("is named by no record" in problem for (problem,) in problems.values())


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
