"""The notebooks run as scripts, without a screen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]_*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_the_first_cell_to_the_last(notebook):
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", str(notebook)],
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


def test_the_notebooks_are_those_of_the_index():
    index = (FOLDER.parent / "tutorials.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 4
    assert all(f"notebooks/{notebook.stem}.md" in index for notebook in NOTEBOOKS)
