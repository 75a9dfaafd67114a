import pytest

from harmodels.errors import ResultsError
from harmodels.reporting.page.products import embedded, page_tables
from harmodels.reporting.page.sections import ReportSection, SectionSpec
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import write_table_files
from tests.reporting.entries import build_table, entry, side


def test_a_picture_without_a_size_is_refused(tmp_path):
    path = tmp_path / "f.svg"
    path.write_text("<svg/>")
    with pytest.raises(ResultsError, match="no width and height in pt"):
        embedded(path)


def test_each_printed_number_names_its_line_of_the_csv(section):
    (table,) = page_tables(section())
    text = (section().folder / "tables" / "table1.csv").read_text(encoding="utf-8").splitlines()
    _, cells = table.layout.rows[1]
    line = text[cells[0].line - 1].split(",")
    assert line[0] == "100"
    assert f"{float(line[text[0].split(',').index('value')]):.3f}" == cells[0].text.split()[0]


def test_a_line_leads_to_the_run_of_its_row(section):
    (table,) = page_tables(section())
    runs = {line.settings: [link.anchor for link in line.runs] for line in table.lines}
    assert runs == {"50": ["toy_report-toy-run-b-1"], "100": ["toy_report-toy-run-b-2"]}


@pytest.fixture
def page_table(write_run, tmp_path):
    """Build the page's table of an entry over the runs of two experiments."""

    def make(entry):
        folder = tmp_path / "toy_report" / "toy"
        made = [write_run(folder / "runs", e, {"hidden": h}) for e in "bc" for h in (50, 100)]
        made.append(write_run(folder / "runs", "d", {"model": "linear_svm"}))
        runs = load_runs(made)
        write_table_files(build_table(entry, runs, {}), folder / "tables" / "t")
        records = [run.record for group in runs.values() for run in group]
        spec = SectionSpec.read({"tables": {"t": entry}})
        section = ReportSection("toy_report", "toy", spec, folder, records)
        return page_tables(section)[0]

    return make


def test_the_sides_of_a_comparison_lead_to_their_own_runs(page_table):
    sides = {"left": side(title="First"), "right": side(title="Second") | {"experiment": "c"}}
    table = page_table(entry("side_by_side", sides, measures=["top_1"]))
    group = table.columns.index("group")
    found = {(line.settings, line.texts[group]): line.runs[0].text for line in table.lines}
    assert found[("50", "First")] == "b, run 1"
    assert found[("100", "Second")] == "c, run 2"


def test_rows_named_by_their_experiment_lead_to_its_runs(page_table):
    rows = [side(title="Small", hidden=50), side(title="L", hidden=100) | {"experiment": "c"}]
    table = page_table(entry("top_k", checkpoint="last", measures=["top_1"], experiments=rows))
    links = [[link.text for link in line.runs] for line in table.lines]
    assert links == [["b, run 1"], ["c, run 2"]]


def test_a_line_leads_to_no_run_that_lacks_one_of_its_settings(page_table):
    rows = [side(), {"experiment": "d"}]
    table = page_table(entry("top_k", checkpoint="last", measures=["top_1"], experiments=rows))
    links = {line.settings: [link.text for link in line.runs] for line in table.lines}
    assert links["50 units"] == ["b, run 1"]
    assert links["model linear svm"] == ["d, run 1"]
