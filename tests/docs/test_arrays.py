"""docs/arrays.md: its blocks, in their order, in an empty folder, print what the page says."""

import re

import pytest
import sklearn

pytest.importorskip("onnx")

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"\d+(\.\d*)?")


def test_every_block_prints_what_the_page_shows(repository, tmp_path, monkeypatch, capsys):
    """Up to numbers, which depend on the machine."""
    monkeypatch.chdir(tmp_path)
    page = (repository / "docs/arrays.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) == page.count("```python")
    names = {}
    with sklearn.config_context():
        for block, said in blocks:
            exec(compile(block, "docs/arrays.md", "exec"), names)
            assert shape(capsys.readouterr().out) == shape(said), block


def shape(text):
    return " ".join(NUMBER.sub("#", text).split()).replace(" ]", "]")
