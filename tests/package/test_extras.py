"""What the base installation can do, and what a command says whose extra is missing."""

import re
import tomllib
from importlib.metadata import packages_distributions

import pytest

# A finder that hides the packages of all extras, run before the program.
HIDDEN = """
import importlib.abc, sys
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
"""
# torch looks for these two by itself
TORCH_LOOKS_FOR = {"onnx", "jinja2"}


def name_of(requirement):
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found.group()).lower()


@pytest.fixture
def hide(repository):
    """The program that hides what only an extra brings."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extra = {
        name_of(requirement)
        for name, listed in project["optional-dependencies"].items()
        if name != "dev"
        for requirement in listed
    } - {"harmodels"}
    modules = {
        module
        for module, names in packages_distributions().items()
        if extra & {name_of(name) for name in names}
    }
    assert {"snakemake", "pooch"} <= modules
    return HIDDEN.format(hidden=modules - TORCH_LOOKS_FOR)


def test_the_estimators_need_no_extra(installed, hide):
    program = """
import numpy as np
from harmodels import ElmanClassifier, GRUClassifier, HarFeatures, MLPClassifier
X = np.zeros((8, 5, 3)); X[::2] += 1
print(GRUClassifier(hidden=2, epochs=1, engine="reference").fit(X, [0, 1] * 4).predict(X).shape)
"""
    assert "(8,)" in installed.python("-c", hide + program)


def test_a_command_whose_extra_is_missing_names_it(installed, hide):
    program = "from harmodels.cli import main; sys.exit(main(['run', 'demo']))"
    printed = installed.python("-c", hide + program, ok=False)
    assert re.search("needs snakemake: .*pip install 'harmodels\\[workflow\\]'", printed), printed


@pytest.mark.parametrize("command", ["info", "data", "keys"])
def test_a_command_that_only_tells_needs_no_extra(installed, hide, command):
    program = f"from harmodels.cli import main; sys.exit(main([{command!r}]))"
    assert installed.python("-c", hide + program)


def test_the_remedy_asks_no_package_index_for_harmodels_itself(installed):
    """There is no release: pip takes what is installed, and looks for the extra's packages only."""
    pip = ("-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", "harmodels[workflow]")
    assert "Requirement already satisfied: harmodels[workflow]" in installed.python(*pip)
