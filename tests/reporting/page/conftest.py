"""A small report with everything that the page shows of one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harmodels.reporting.claims import write_claims
from harmodels.reporting.figures import save_figure
from harmodels.reporting.page.sections import ReportSection, SectionSpec
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.tables import write_table_files
from tests.reporting.entries import build_table, draw_figure, evaluate_claims

SPEC = {
    "title": "A toy <report>",
    "experiments": {"b": "The only experiment"},
    "tables": {
        "table1": {
            "title": "Top-k",
            "kind": "top_k",
            "experiment": "b",
            "checkpoint": "last",
            "published": "toy.csv",
        }
    },
    "figures": {
        "figure2": {"title": "M", "kind": "confusion", "experiment": "b", "checkpoint": "last"}
    },
    "claims": {
        "better": {
            "statement": "Best weights beat last weights",
            "kind": "comparison",
            "left": {"experiment": "b", "checkpoint": "best"},
            "right": {"experiment": "b", "checkpoint": "last"},
            "metric": "top_1",
            "expected": "greater",
        }
    },
}
PUBLISHED = {"toy.csv": pd.DataFrame({"hidden": [50, 100], "top1": [0.6, 0.7]})}


@pytest.fixture
def section(write_run: Callable[..., Path], tmp_path: Path) -> Callable[..., ReportSection]:
    """Make every file that a section of the page shows, below `results/toy_report/toy`."""

    def make(job_seconds: dict[tuple[str, str], float] | None = None, **options: Any):
        options = {"classes": ["sitting", "walking"], "epochs": 2} | options
        folder = tmp_path / "toy_report" / "toy"
        folders = [write_run(folder / "runs", "b", {"hidden": h}, **options) for h in (50, 100)]
        runs = load_runs(folders)
        table = build_table(SPEC["tables"]["table1"], runs, PUBLISHED)
        write_table_files(table, folder / "tables" / "table1")
        save_figure(draw_figure(SPEC["figures"]["figure2"], runs), folder / "figures" / "figure2")
        write_claims(evaluate_claims(SPEC["claims"], runs), folder / "claims")
        records = [run.record for group in runs.values() for run in group]
        spec = SectionSpec.read(SPEC)
        return ReportSection("toy_report", "toy", spec, folder, records, job_seconds or {})

    return make
