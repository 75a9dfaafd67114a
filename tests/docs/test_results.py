"""The results of a release: pages say what they say, and a reader can compare with them."""

import runpy
import shutil

import pandas as pd
import pytest
import yaml

from harmodels.cli import main
from harmodels.reporting.claims.ledger import claims_markdown, read_claims_csv
from harmodels.reporting.tables import TableSpec, read_table_csv
from harmodels.reporting.tables.markdown import markdown_table


@pytest.fixture(scope="module")
def tool(repository):
    return runpy.run_path(str(repository / "docs" / "site" / "results.py"))


def test_the_table_of_each_page_is_generated_from_the_results(tool):
    for page in tool["PAGES"]:
        text = page.read_text(encoding="utf-8")
        assert tool["renewed"](text, tool["results_table"](page)) == text


def test_a_released_ledger_reads_as_its_numbers_say(repository):
    ledgers = sorted((repository / "docs" / "results").glob("*/*/claims.csv"))
    assert ledgers
    for ledger in ledgers:
        text = ledger.with_suffix(".md").read_text(encoding="utf-8")
        assert text == claims_markdown(read_claims_csv(ledger))


def test_a_released_table_reads_as_its_numbers_say(repository):
    tables = sorted((repository / "docs" / "results").glob("*/*/tables/*.csv"))
    assert tables
    for csv in tables:
        report = repository / "config" / "reports" / f"{csv.parts[-4]}.yaml"
        spec = yaml.safe_load(report.read_text(encoding="utf-8"))["tables"][csv.stem]
        table = read_table_csv(csv, TableSpec.read(spec))
        assert csv.with_suffix(".md").read_text(encoding="utf-8") == markdown_table(table)


@pytest.fixture
def results(tmp_path):
    """Return a folder of results with one table and one ledger of a report."""
    folder = tmp_path / "results" / "rnn_tbptt" / "motionsense"
    (folder / "tables").mkdir(parents=True)
    (folder / "runs").mkdir()
    (folder / "runs" / "weights.pt").write_bytes(b"a")
    cells = {"group": "", "measure": ["top_1", "top_1", "top_2"], "statistic": "mean"}
    numbers = {"value": [0.5, 0.6, 0.9], "low": 0.4, "high": 0.7, "published": [0.582, 0.410, 0.9]}
    pd.DataFrame(cells | numbers).to_csv(folder / "tables" / "table1.csv", index=False)
    verdicts = ["holds", "undecided", "does not hold", "holds"]
    families = ["primary", "primary", "other", "primary"]
    ledger = pd.DataFrame({"family": families, "adjusted_verdict": verdicts})
    ledger.to_csv(folder / "claims.csv", index=False)
    return tmp_path / "results"


def test_tables_and_ledgers_are_copied_and_nothing_else(results, tool, tmp_path, repository):
    released = tmp_path / "released"
    place = "rnn_tbptt/motionsense"
    for old in (f"{place}/tables/old.csv", "mlp_features/uci-har/claims.csv"):
        (released / old).parent.mkdir(parents=True)
        shutil.copyfile(results / place / "claims.csv", released / old)
    tool["release"](results, released)
    files = {str(path.relative_to(released)) for path in released.rglob("*") if path.is_file()}
    other = "mlp_features/uci-har/claims.csv"  # of a report that this run lacks
    assert files == {f"{place}/tables/table1.csv", f"{place}/claims.csv", other}
    table = tool["results_table"](repository / "README.md", released)
    assert f"| `rnn_tbptt`, [Table 1](docs/results/{place}/tables/table1.md) | Motion" in table
    verdicts = f"[2, 0, 1](docs/results/{place}/claims.md) | 0, 1, 0 |"
    assert f" | 0.582 | 0.500 [0.400, 0.700] | {verdicts}\n" in table
    nothing = tool["results_table"](repository / "README.md", tmp_path / "empty")
    assert len(nothing.splitlines()) == 2  # a heading without rows
    shutil.rmtree(results)
    results.mkdir()
    with pytest.raises(SystemExit, match="run `make report` first"):
        tool["release"](results, released)


def test_a_run_is_compared_with_released_results(repository, capsys):
    released = repository / "docs" / "results"
    if not any(released.glob("*/*/claims.csv")):
        pytest.skip("no results are released")
    assert main(["diff", str(released), str(released)]) == 0
    assert "0 of " in capsys.readouterr().out
