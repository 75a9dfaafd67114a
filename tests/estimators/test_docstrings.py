"""What `help` says of the estimators."""

import inspect
import re

import pytest

from harmodels.estimators.loading import ARCHITECTURES


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_parameter_is_described_once_in_the_section_of_its_class(name):
    kind = ARCHITECTURES[name]
    section = inspect.getdoc(kind).split("Parameters\n----------\n")[1].split("\n\n")[0]
    entries = re.findall(r"^(\w+)\n((?:    .+\n?)+)", section, flags=re.MULTILINE)
    assert sorted(name for name, _ in entries) == sorted(inspect.signature(kind).parameters)
    assert all(text.strip().endswith(".") for _, text in entries)
