"""The wheel: what it holds, and its commands in an empty folder outside any checkout."""

import os
import signal
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml

from harmodels.assets import version
from harmodels.errors import ConfigurationError
from harmodels.pipeline.launch import configurations, snakemake_command

from .conftest import build

PARTS = ("config", "profiles", "rules", "workflow")
STUB = """
import signal, sys, time
try:
    print("stub", *sys.argv[1:], flush=True)
    if "--wait" in sys.argv:
        time.sleep(60)
except KeyboardInterrupt:
    sys.exit(21)
sys.exit(7)
"""


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def sources(repository):
    """Every file of the workflow by its path in the repository."""
    files = [repository / "Snakefile"]
    files += [path for part in PARTS for path in (repository / part).rglob("*")]
    return {
        path.relative_to(repository).as_posix(): path.read_bytes()
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_workflow_byte_for_byte(repository, wheel):
    place = "harmodels/_workflow/"
    held = {
        name.removeprefix(place): content
        for name, content in contents(wheel).items()
        if name.startswith(place)
    }
    assert held == sources(repository)


def test_a_wheel_from_the_source_distribution_is_the_same(wheel, unpacked, tmp_path):
    assert contents(build("wheel", unpacked, tmp_path / "dist")) == contents(wheel)


def test_an_editable_installation_copies_nothing_of_the_workflow(repository, tmp_path):
    made = build("editable", repository, tmp_path / "dist")
    assert not [name for name in contents(made) if "_workflow" in name]


def test_checkout_wheel_archive_and_citation_have_the_version_of_pyproject(
    repository, installed, unpacked
):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    assert version() == citation["version"] == project["version"]
    assert installed.harmodels("--version").strip() == project["version"]
    tell = "import harmodels; print(harmodels.__version__)"
    source = {"PYTHONPATH": str(unpacked / "src")}
    assert installed.python("-c", tell, environment=source).strip() == project["version"]


@pytest.mark.parametrize("command", ["data", "keys"])
def test_data_sets_and_keys_are_told_outside_a_checkout(installed, command):
    assert installed.harmodels(command)
    assert list(installed.work.iterdir()) == []


def test_the_demo_is_planned_in_an_empty_folder_with_the_profile(installed):
    printed = installed.harmodels("run", "demo", "--dry-run")
    assert "Training rnn_tbptt on simulated-motionsense: part_b" in printed
    profile = installed.packages / "harmodels" / "_workflow" / "profiles" / "default"
    assert f"Using workflow specific profile {profile} for" in printed


def stubbed(folder):
    """Return an environment whose Snakemake prints its arguments and exits with 7."""
    package = folder / "stub" / "snakemake"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(STUB)
    return {"PYTHONPATH": os.pathsep.join([str(package.parent), os.environ["PYTHONPATH"]])}


RUN = "import sys; from harmodels.cli import main; sys.exit(main(['run', *sys.argv[1:]]))"


@pytest.fixture
def environment(tmp_path, monkeypatch, repository):
    monkeypatch.setenv("PYTHONPATH", str(repository / "src"))
    return {**os.environ, **stubbed(tmp_path)}


def test_everything_is_passed_on_and_the_exit_status_is_snakemakes(environment, repository):
    words = ["--configfile", "mine.yaml", "--cores", "3", "results/x.html", "--", "-n"]
    command = [sys.executable, "-c", RUN, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stdout.split() == ["stub", "--snakefile", str(repository / "Snakefile"), *words]


def test_an_interrupt_reaches_snakemake_itself(environment):
    command = [sys.executable, "-c", RUN, "--wait"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline().startswith("stub")
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 21


def test_a_configuration_of_the_package_is_named_without_its_path(repository):
    assert "demo" in configurations(repository)
    assert "datasets" not in configurations(repository)
    # the option that takes several values is not the last one before targets
    command = snakemake_command(["demo", "results/demo.html"], repository)
    assert command[-3:] == ["--snakefile", str(repository / "Snakefile"), "results/demo.html"]


def test_two_configurations_are_one_too_many(repository):
    with pytest.raises(ConfigurationError, match="--configfile another one"):
        snakemake_command(["demo", "--configfile=mine.yaml"], repository)
