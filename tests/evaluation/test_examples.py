import doctest
import importlib
import pkgutil

import pytest

import harmodels.evaluation

MODULES = [
    f"harmodels.evaluation.{module.name}"
    for module in pkgutil.iter_modules(harmodels.evaluation.__path__)
] + ["harmodels.data.hold_out", "harmodels.data.splits"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
