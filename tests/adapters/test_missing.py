"""An adapter whose library is missing says how to install it."""

import importlib
import sys

import pytest


@pytest.mark.parametrize("library", ["aeon", "sktime"])
def test_the_import_names_the_extra(monkeypatch, library):
    monkeypatch.setitem(sys.modules, f"{library}.classification.base", None)
    monkeypatch.delitem(sys.modules, f"harmodels.adapters.{library}", raising=False)
    with pytest.raises(ImportError, match=rf"pip install 'harmodels\[{library}\]'"):
        importlib.import_module(f"harmodels.adapters.{library}")
