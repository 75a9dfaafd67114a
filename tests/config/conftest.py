"""A copy of the configuration that a test may spoil."""

import shutil

import pytest
import yaml


@pytest.fixture
def root(repository, tmp_path):
    shutil.copytree(repository / "config", tmp_path / "config")
    return tmp_path


@pytest.fixture
def spoil(root):
    """Change what a report's file holds."""

    def spoiled(change, report="rnn_tbptt"):
        path = root / "config" / "reports" / f"{report}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    return spoiled
