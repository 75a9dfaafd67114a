"""The report of a user's own in docs/howto.md, built, and planned in a module."""

import os
import subprocess
import sys

import pandas as pd

from harmodels.cli import main
from tests.pipeline.test_own_report import write_own_report
from tests.workflow.conftest import Checkout


def test_it_is_built_beside_its_published_numbers_and_follows_them(repository, tmp_path):
    write_own_report(repository, tmp_path)
    checkout = Checkout(repository, tmp_path)
    config = str(tmp_path / "mine.yaml")
    checkout.snakemake("--configfile", config)
    cells = pd.read_csv(tmp_path / "results/units/simulated/tables/accuracy.csv")
    assert cells.loc[cells["measure"] == "top_1", "published"].tolist() == [0.61, 0.74]
    record = (tmp_path / "results/mine.provenance.json").read_text(encoding="utf-8")
    assert "16,0.74" in record
    assert main(["verify", str(tmp_path / "results")]) == 0
    published = tmp_path / "reports" / "units.csv"
    published.write_text("hidden,top1\n4,0.62\n16,0.74\n", encoding="utf-8")
    planned = checkout.snakemake("--configfile", config, "--dry-run")
    assert "Building table accuracy of units" in planned
    assert "Training" not in planned


def test_a_workflow_that_uses_this_one_has_reports_of_its_own(repository, tmp_path):
    write_own_report(repository, tmp_path)
    plan = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = plan.stdout + plan.stderr
    assert plan.returncode == 0, printed
    assert "Training units on simulated: units" in printed
    assert "best.csv" in printed
