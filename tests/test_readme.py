"""README's promises: its programs run."""

import re
from pathlib import Path

import numpy as np

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks(repository: Path) -> list[str]:
    return BLOCK.findall((repository / "README.md").read_text(encoding="utf-8"))


def test_the_backward_pass_stands_in_the_source_as_printed(repository):
    printed = [line.strip() for line in blocks(repository)[0].splitlines()]
    source = (repository / "src/harmodels/nn/elman.py").read_text(encoding="utf-8").splitlines()
    stands = [line.strip() for line in source if line.strip() in printed]
    assert stands == printed


def test_the_estimator_runs_as_printed(repository):
    X = np.random.default_rng(0).normal(size=(12, 15, 3))
    names = {"X": X, "y": np.repeat(["sit", "walk"], 6), "X_new": X[:4]}
    exec(blocks(repository)[1], names)
    assert names["labels"].shape == (4,)


def test_the_first_screen_leads_to_each_way_in(repository):
    first = "\n".join((repository / "README.md").read_text(encoding="utf-8").splitlines()[:15])
    for way in ("findings.md", "reference", "own-recordings.md", "tutorials.md", "patterns/"):
        assert f"(docs/{way}" in first
