"""requirements.lock: versions within the ranges of pyproject.toml; pip asks for the hashes."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def locked(repository):
    """Name → version of every entry."""
    text = (repository / "requirements.lock").read_text()
    return {canonicalize_name(name): version for name, version in ENTRY.findall(text)}


@pytest.fixture(scope="module")
def torch(repository):
    lines = (repository / "requirements-torch.txt").read_text().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    return Requirement(line)


def test_the_lock_meets_every_range_of_pyproject(repository, locked, torch):
    content = tomllib.loads((repository / "pyproject.toml").read_text())
    project = content["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["workflow"], *extras["hdf5"], *extras["slurm"]]
    asked += [*extras["crate"], *extras["dev"], *content["dependency-groups"]["torch"]]
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name == "torch":
            (pin,) = torch.specifier
            assert requirement.specifier.contains(pin.version)
        elif name != "harmodels":
            assert requirement.specifier.contains(locked[name]), requirement


def test_torch_comes_by_version_alone(locked, torch):
    assert "torch" not in locked
    assert [name for name in locked if name.startswith(("nvidia", "triton"))] == []
    assert [part.operator for part in torch.specifier] == ["=="]
