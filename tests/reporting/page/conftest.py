"""A small report with everything that the page shows of one."""

import pandas as pd
import pytest

from harmodels.reporting.claims import write_claims
from harmodels.reporting.figures import save_figure
from harmodels.reporting.page.sections import ReportSection, SectionSpec
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import write_table_files
from tests.reporting.entries import LAST, build_table, draw_figure, entry, evaluate_claims
from tests.reporting.test_claims import BETTER

SPEC = {
    "title": "A toy <report>",
    "experiments": {"b": "The only experiment"},
    "tables": {"table1": entry("top_k", LAST, published="toy.csv")},
    "figures": {"figure2": entry("confusion", LAST)},
    "claims": {"better": BETTER},
}
PUBLISHED = {"toy.csv": pd.DataFrame({"hidden": [50, 100], "top1": [0.6, 0.7]})}


@pytest.fixture
def section(write_run, tmp_path):
    """Make every file that a section of the page shows, below `results/toy_report/toy`."""

    def make(job_seconds=None, **options):
        options = {"classes": ["sitting", "walking"], "epochs": 2} | options
        folder = tmp_path / "toy_report" / "toy"
        runs = load_runs(
            write_run(folder / "runs", "b", {"hidden": h}, **options) for h in (50, 100)
        )
        table = build_table(SPEC["tables"]["table1"], runs, PUBLISHED)
        write_table_files(table, folder / "tables" / "table1")
        save_figure(draw_figure(SPEC["figures"]["figure2"], runs), folder / "figures" / "figure2")
        write_claims(evaluate_claims(SPEC["claims"], runs), folder / "claims")
        records = [run.record for run in runs["b"]]
        spec = SectionSpec.read(SPEC)
        return ReportSection("toy_report", "toy", spec, folder, records, job_seconds or {})

    return make
