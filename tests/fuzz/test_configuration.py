"""Whatever stands in a configuration file, it is understood or refused with its name."""

import shutil
from contextlib import contextmanager

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harmodels.config.project import ProjectFile
from harmodels.config.yaml_files import read_yaml
from harmodels.data.dataset import read_checksums
from harmodels.data.registry import load_registry
from harmodels.errors import ConfigurationError
from harmodels.pipeline.project import parse_project

pytestmark = pytest.mark.attack("damaged configuration, registry, checksums")


def loaded(text):
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def written(tree):
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(tree, Dumper=dumper, allow_unicode=True, sort_keys=False)


@pytest.fixture(scope="module")
def root(repository, tmp_path_factory):
    """A copy of the configuration, of which a test spoils one file at a time."""
    folder = tmp_path_factory.mktemp("root")
    shutil.copytree(repository / "config", folder / "config")
    return folder


PLAN = {
    "datasets": ["simulated"],
    "experiments": ["part_b"],
    "options": {"epochs": 2},
    "replicates": 2,
    "reads": "sequences",
    "draw": {"train_per_class": 4, "test_per_class": 2, "validation_per_class": 1},
}
FULL = {
    "name": "full",
    "reports": {"rnn_tbptt": PLAN},
    "replicates": 2,
    "seed": 3,
    "engine": "auto",
    "device": "cpu",
    "mirror": None,
    "downloads": "results/downloads",
    "checkpoint_every_s": 15,
    "resources": {"threads": 1, "mem_mb": 2000, "runtime": 10},
}


@given(data=st.data())
def test_a_changed_project_is_parsed_or_refused(root, changed, may_refuse, data):
    with may_refuse(ConfigurationError, ":"):
        project = parse_project(data.draw(changed(FULL)), root)
        assert {type(project.seed), type(project.checkpoint_every_s)} == {int}
        assert all(type(plan.replicates) is int for plan in project.reports.values())


@contextmanager
def rewritten(path, draw, changed):
    """Change the tree of a file for a while."""
    before = path.read_text(encoding="utf-8")
    tree = draw(changed(loaded(before)))
    try:
        path.write_text(written(tree), encoding="utf-8")
        yield
    finally:
        path.write_text(before, encoding="utf-8")


@given(data=st.data())
def test_a_changed_report_is_parsed_or_refused(root, changed, may_refuse, data):
    name = data.draw(st.sampled_from(["rnn_tbptt", "mlp_features", "hand_actions"]))
    path = root / "config" / "reports" / f"{name}.yaml"
    with rewritten(path, data.draw, changed), may_refuse(ConfigurationError, path.name):
        parse_project({"reports": {name: {"datasets": ["simulated"]}}}, root)


@given(data=st.data())
def test_a_changed_registry_is_parsed_or_refused(root, changed, may_refuse, data):
    path = root / "config" / "datasets.yaml"
    names = "datasets.yaml", "checksums"
    with rewritten(path, data.draw, changed), may_refuse(ConfigurationError, *names):
        load_registry(path)


YAML = b"name: a\nreports: &r {rnn: {datasets: [b]}}\nseed: 1\nmore: {<<: *r, x: !!int 3}\n"


@given(data=st.data())
def test_a_damaged_file_is_a_mapping_or_refused(root, spoiled, may_refuse, data):
    path = root / "any.yaml"
    path.write_bytes(data.draw(spoiled(YAML)))
    with may_refuse(ConfigurationError, "any.yaml"):
        content = read_yaml(path)
        ProjectFile.read(content, "any.yaml")


@given(data=st.data())
def test_damaged_checksums_are_read_or_refused(root, spoiled, may_refuse, data):
    path = root / "checksums.sha256"
    path.write_bytes(data.draw(spoiled(b"0" * 64 + b"  a/b.txt\n" + b"f" * 64 + b" *c d\n")))
    with may_refuse(ConfigurationError, "checksums.sha256"):
        assert all(len(digest) == 64 for digest in read_checksums(path).values())
