import pytest

from harmodels.errors import ResultsError
from harmodels.files import write_json
from harmodels.provenance.record import read_record, write_record
from harmodels.provenance.text import provenance_markdown
from harmodels.records.run import RunRecord

PLACE = "toy_report/toy"


@pytest.fixture
def record(made):
    return read_record(made / "toy.provenance.json")


@pytest.fixture
def facts(made, record):
    """The facts of its runs, with those of the machine and the code replaced."""
    fixed = {
        "commit": "a" * 40,
        "dirty": False,
        "lock": "b" * 64,
        "versions": {"python": "3.12.1"},
        "hardware": {"processor": "a processor", "cores": 2},
        "wall_time_s": 10.5,
        "resumes": 1,
        "sequences_per_s": 100.0,
    }
    return {
        folder: RunRecord.read_file(made / folder / "run.json").replaced(**fixed)
        for folder in record.runs
    }


def with_change(facts, change):
    """The facts with those of the first run changed."""
    first = next(iter(facts))
    return facts | {first: facts[first].replaced(**change)}


def test_a_record_is_read_as_it_was_written_and_written_with_the_same_bytes(record, made, tmp_path):
    again = tmp_path / "again.json"
    write_record(again, record)
    assert read_record(again) == record
    assert again.read_bytes() == (made / "toy.provenance.json").read_bytes()


def test_a_product_names_its_runs_files_and_published_numbers(record):
    products = {product.name: product for product in record.reports[0].products}
    assert products["table1"].runs == [f"{PLACE}/runs/plain/learning_rate={r}" for r in (0.1, 0.2)]
    assert set(products["table1"].files) == {
        f"{PLACE}/tables/table1.{ending}" for ending in ("csv", "md", "tex")
    }
    assert products["table1"].published == {"toy.csv": "learning_rate,top1\n0.1,0.5\n0.2,0.75\n"}
    assert products["people"].published == {}
    assert products["people"].published_runs == {}
    # the published verdicts of the ledger follow from what it read
    assert products["claims"].published_runs == {"plain": {"table": "toy.csv"}}
    assert set(products["claims"].published) == {"toy.csv"}


def test_a_missing_product_is_not_recorded(results, record_again):
    (results / PLACE / "tables" / "table1.tex").unlink()
    with pytest.raises(ResultsError, match=r"table1\.tex.*Run snakemake again"):
        record_again(results)


@pytest.mark.parametrize("content", [[], {}, {"digest": "0", "format": 1}, {"digest": 1}])
def test_another_file_is_no_record(tmp_path, content):
    write_json(tmp_path / "other.provenance.json", content)
    with pytest.raises(ResultsError, match=r"other\.provenance\.json"):
        read_record(tmp_path / "other.provenance.json")


def test_the_page_says_what_made_the_runs_and_that_they_agree(record, facts):
    text = provenance_markdown(record, facts)
    for expected in (
        "a" * 40,  # commit
        "b" * 64,  # lock file
        "| python | 3.12.1 |",
        "| Processor | a processor |",
        "| GPU | none |",
        "| Threads | 1 |",
        "| Seed | 5 |",
        "| Engine | reference |",
        "| Device | cpu |",
        "| all |  |  | 3 | 2 | 31.5 | 3 | 100 | none |",
        "The same for all 3 runs.",
        *record.data["toy"].tables.values(),  # hashes of the data
        *record.reports[0].splits.values(),
    ):
        assert expected in text
    assert "differ" not in text


def test_the_engine_of_a_baseline_is_no_disagreement(record, facts):
    text = provenance_markdown(record, with_change(facts, {"engine": "scikit-learn"}))
    assert "The same for all 3 runs" in text
    assert "reference (2 runs: " in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"commit": "f" * 40}, "Commit"),
        ({"dirty": True}, "Commit"),
        ({"hardware": {"processor": "another", "cores": 2}}, "Processor"),
        ({"hardware": {"gpu": "a GPU", "processor": "a processor", "cores": 2}}, "GPU"),
        ({"versions": {"python": "3.11.9"}}, "python"),
        ({"lock": None}, "requirements.lock (SHA-256)"),
    ],
)
def test_runs_that_disagree_are_listed(record, facts, change, says):
    text = provenance_markdown(record, with_change(facts, change))
    assert f"**The 3 runs differ in {says}.**" in text
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {says} |")]
    assert "(1 run: toy\\_report/toy/runs/other/learning\\_rate=0.1)" in row
    assert "(2 runs: " in row


def test_throughput_is_a_range_and_gpu_memory_its_highest(record, facts):
    changed = with_change(facts, {"sequences_per_s": 40.0, "peak_gpu_memory_mb": 512.4})
    page = provenance_markdown(record, changed)
    assert "| all |  |  | 3 | 2 | 31.5 | 3 | 40 to 100 | 512 |" in page


def test_simulated_recordings_are_said_to_be(record, facts):
    assert "SIMULATED" not in provenance_markdown(record, facts)
    data = {"toy": record.data["toy"].replaced(simulated=True)}
    assert "SIMULATED" in provenance_markdown(record.replaced(data=data), facts)
