"""The examples of every docstring run, each module once."""

import doctest
import importlib

import pytest

from harmodels.assets import PACKAGE


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = sorted(
    module_name(path)
    for path in PACKAGE.rglob("*.py")
    if "_workflow" not in path.parts and ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_run(name):
    home, _, library = name.rpartition(".")
    if home == "harmodels.adapters":
        pytest.importorskip(library)
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted
    assert not outcome.failed
