"""`snakedeploy deploy-workflow` from a local clone: the deployed workflow plans the demo."""

import os
import shutil
import subprocess
import sys

import pytest

from harmodels.assets import root

SNAKEDEPLOY = shutil.which("snakedeploy")
PARTS = ("Snakefile", "LICENSE", "config", "profiles", "rules", "workflow")

pytestmark = pytest.mark.skipif(SNAKEDEPLOY is None, reason="needs `pipx install snakedeploy`")


def test_a_deployed_workflow_plans_the_demo(tmp_path):
    clone = tmp_path / "harmodels"
    clone.mkdir()
    for part in PARTS:
        source = root() / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, clone / part)
    place = tmp_path / "mine"
    deploy = [str(SNAKEDEPLOY), "deploy-workflow", str(clone), str(place), "--branch", "main"]
    subprocess.run(deploy, check=True, capture_output=True)
    # snakedeploy writes the path within a local clone, not the path of the clone; and the workflow
    # that runs has to be the one beside the imported package
    snakefile = place / "workflow" / "Snakefile"
    text = snakefile.read_text()
    assert '"Snakefile"' in text
    snakefile.write_text(text.replace('"Snakefile"', repr(str(root() / "Snakefile"))))
    shutil.copy2(place / "config" / "demo.yaml", place / "config" / "config.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(root() / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert "Training rnn_tbptt on simulated: part_b" in printed
