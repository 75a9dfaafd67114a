"""No flipped bit in a file of a results folder escapes `harmodels verify`."""

import json
import shutil

import pytest

from harmodels.errors import ResultsError
from harmodels.provenance.record import read_record, write_record
from harmodels.provenance.text import provenance_markdown
from harmodels.provenance.verification import verify_folder
from harmodels.records.run import RunRecord

RUN = "toy_report/toy/runs/other/learning_rate=0.1"
TABLE = "toy_report/toy/tables/people"
RECORD = "toy.provenance.json"
FILES = [
    *(f"{RUN}/{name}" for name in ("run.json", "weights.safetensors", "history.parquet")),
    *(f"{RUN}/predictions.parquet", f"{TABLE}.csv", f"{TABLE}.md", f"{TABLE}.tex"),
    *("datasets/toy/sequences.parquet", "datasets/toy/card.json"),
    *("toy_report/toy/splits/report.parquet", "toy.html", "provenance.md", RECORD),
]


@pytest.fixture(scope="module")
def small(made, tmp_path_factory):
    """The results folder with one run and one table: thousands of flips take minutes."""
    results = tmp_path_factory.mktemp("small") / "results"
    shutil.copytree(made, results)
    record = read_record(results / RECORD)
    [report] = record.reports
    products = [product for product in report.products if product.name == "people"]
    report = report.replaced(runs={RUN: report.runs[RUN]}, products=products)
    record = record.replaced(reports=[report])
    for part in ("runs/plain", "figures"):
        shutil.rmtree(results / "toy_report" / "toy" / part)
    for name in ("tables/table1.csv", "tables/table1.md", "tables/table1.tex", "claims.csv"):
        (results / "toy_report" / "toy" / name).unlink()
    (results / "toy_report" / "toy" / "claims.md").unlink()
    write_record(results / RECORD, record)
    text = provenance_markdown(record, {RUN: RunRecord.read_file(results / RUN / "run.json")})
    (results / "provenance.md").write_text(text, encoding="utf-8")
    assert verify_folder(results).findings == []
    return results


@pytest.mark.attack("flipped bit in a results folder that is verified")
@pytest.mark.parametrize("file", FILES)
def test_a_flipped_bit_is_named_with_its_file(file, small, tries, drawn, outcome):
    path = small / file
    before = path.read_bytes()
    try:
        for _ in range(tries(10)):
            content = bytearray(before)
            place, bit = drawn.randrange(len(content)), drawn.randrange(8)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            try:
                found = {finding.file for finding in verify_folder(small).findings}
            except ResultsError as error:  # the only record there is
                found = {file} if file in str(error) else set()
            assert file in found or same_json(before, content), (place, bit)
            outcome("named" if file in found else "of the same meaning")
    finally:
        path.write_bytes(before)


def same_json(before, content):
    """Return whether two files hold the same JSON, differently spaced."""
    try:
        return bool(json.loads(before) == json.loads(content))
    except ValueError:
        return False
