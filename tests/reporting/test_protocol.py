"""What was settled before the run: the claims of the protocol are those of the checkout."""

import subprocess
from dataclasses import replace

import pytest
import yaml

from harmodels.assets import root
from harmodels.config.yaml_files import read_yaml
from harmodels.evaluation.statistics import LEVEL
from harmodels.pipeline.claim_digests import claim_digests
from harmodels.pipeline.project import parse_project
from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.protocol import (
    PROTOCOL,
    claim_digest,
    commit_of_protocol,
    families_of,
    read_protocol,
    written_about_others,
)


@pytest.fixture(scope="module")
def protocol():
    return read_protocol(root() / PROTOCOL)


@pytest.fixture(scope="module")
def project():
    return parse_project(read_yaml(root() / "config" / "config.yaml"), root())


def families(protocol, project, report="rnn_tbptt", seed=None, **reports):
    every = project.reports | reports
    ledgers = [(each, dataset) for each in every.values() for dataset in each.datasets]
    place = report, every[report].datasets[0]
    return families_of(
        protocol, "0123456789", ledgers, project.seed if seed is None else seed, place, False
    )


def test_what_make_report_builds_is_what_the_protocol_settled(protocol, project):
    found = {report: families(protocol, project, report) for report in protocol.reports}
    assert {each.exploratory for each in found.values()} == {""}
    for report, each in found.items():
        assert set(each.primary) == set(protocol.reports[report].claims)
        assert each.primary_tests == protocol.primary == 66
        assert each.protocol == "confirmatory-1, commit 0123456789"
    claims = sum(len(each.buildable("claims")) for each in project.reports.values())
    assert found["rnn_tbptt"].other_tests == claims - 66


def test_the_protocol_asks_for_the_level_of_the_ledgers(protocol):
    assert protocol.false_decisions == pytest.approx(1 - LEVEL)


def test_another_run_is_exploratory_and_says_why(protocol, project):
    ours = project.reports["rnn_tbptt"]
    for changes, why in (
        ({"replicates": 5}, "it has 5 replicates, the protocol 22"),
        ({"datasets": ("uci-har",)}, "the recordings are uci-har, the protocol's motionsense"),
    ):
        found = families(protocol, project, rnn_tbptt=replace(ours, **changes))
        assert (found.exploratory, found.primary) == (why, ())
        assert found.tests("higher_rate_lower_loss") == found.other_tests
    assert families(protocol, project, seed=1).exploratory.startswith("its base seed is 1")


def test_a_changed_claim_or_training_is_another_protocol(protocol, project):
    ours, name = project.reports["rnn_tbptt"], "sitting_best_recognised"
    spec = ours.claims[name].given()
    reworded, changed = (
        replace(ours, claims=ours.claims | ClaimSpec.read_all({name: spec | keys}))
        for keys in ({"statement": "Sitting is easy"}, {"class": "walking"})
    )
    assert families(protocol, project, rnn_tbptt=reworded).exploratory == ""
    found = families(protocol, project, rnn_tbptt=changed)
    digest = claim_digest(replace(ours, claims=changed.claims), name, "motionsense")
    said = f"what decides the claim {name} has the digest {digest}, not the protocol's"
    assert found.exploratory == said
    fewer = replace(ours, left_out={f"claims.{name}": ["part_b"]})
    found = families(protocol, project, rnn_tbptt=fewer)
    assert found.exploratory == f"it does not build the claim {name}"
    before = claim_digest(ours, name, "motionsense")
    part = ours.experiments["part_b"]
    first = next(iter(part.configurations))
    other = replace(
        part.configurations[first], options=part.configurations[first].options | {"epochs": 51}
    )
    trained = replace(part, configurations=part.configurations | {first: other})
    longer = replace(ours, experiments=ours.experiments | {"part_b": trained})
    assert claim_digest(longer, name, "motionsense") != before


def test_a_report_that_the_protocol_does_not_name_has_none(protocol, project):
    found = families(protocol, project, "protocols")
    assert (found.protocol, found.exploratory, found.primary) == ("", "", ())
    assert families(None, project).protocol == ""


def test_the_commit_is_the_last_that_changed_the_protocol(tmp_path):
    def git(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(tmp_path)]
        subprocess.run([*command, *arguments], check=True, capture_output=True)

    assert commit_of_protocol(tmp_path) == ""
    git("init")
    for file in (PROTOCOL, "Snakefile"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("a")
        git("add", file)
        git("commit", "-m", file)
    command = ["git", "-C", str(tmp_path), "rev-parse", "HEAD~1"]
    first = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert first.startswith(commit_of_protocol(tmp_path))
    assert len(commit_of_protocol(tmp_path)) == 10


@pytest.mark.parametrize(
    ("report", "dataset", "others"),
    [
        ("rnn_tbptt", "motionsense", True),
        ("rnn_tbptt", "course-h5", False),
        ("mlp_features", "uci-har", False),
        ("hand_actions", "sfinge3d", True),
        ("own", "uci-har", False),
    ],
)
def test_a_claim_about_other_recordings_is_transfer(report, dataset, others):
    assert written_about_others(report, dataset, root() / "config" / "published") == others


def test_the_digests_of_a_new_protocol_are_printed(protocol):
    found = yaml.safe_load(claim_digests(root() / "config" / "config.yaml"))["reports"]
    for report, entry in protocol.reports.items():
        assert found[report]["dataset"] == entry.dataset
        assert entry.claims.items() <= found[report]["claims"].items()
