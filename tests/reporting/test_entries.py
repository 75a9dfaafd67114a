"""Entries of the reports' configurations, and what is refused in them."""

import pytest

from harmodels.errors import ConfigurationError
from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.tables import TableSpec

SPECS = {spec.noun: spec for spec in (TableSpec, FigureSpec, ClaimSpec)}


def validate(kind, entry):
    """Return the messages with which an entry is refused."""
    try:
        SPECS[kind].read(entry)
    except ConfigurationError as error:
        return [str(error)]
    return []


REPORTS = ["rnn_tbptt", "rnn_minibatch", "mlp_features", "hand_actions"]


@pytest.fixture(params=REPORTS)
def report(request, read_report):
    """Return the configuration of each report in turn."""
    return read_report(request.param)


def test_every_table_figure_and_claim_of_the_report_is_valid(report):
    for kind in ("table", "figure", "claim"):
        for name, entry in report[f"{kind}s"].items():
            assert validate(kind, entry) == [], name


def test_a_misspelt_key_is_an_error_in_every_entry(report):
    for kind in ("table", "figure", "claim"):
        for entry in report[f"{kind}s"].values():
            assert validate(kind, entry | {"experimnet": "part_b"})


def test_a_missing_key_is_an_error_in_every_entry(report):
    for kind, key in (("table", "title"), ("figure", "title"), ("claim", "statement")):
        for entry in report[f"{kind}s"].values():
            assert validate(kind, {k: v for k, v in entry.items() if k != key})


def test_a_kind_that_does_not_exist_is_an_error(report):
    for kind in ("table", "figure", "claim"):
        entry = next(iter(report[f"{kind}s"].values()))
        assert validate(kind, entry | {"kind": "pie"})


def test_a_loss_claim_needs_its_curve_and_a_top_k_claim_its_checkpoints(report):
    for claim in report["claims"].values():
        if "loss" in claim:
            assert validate("claim", {key: claim[key] for key in claim if key != "loss"})
        elif "left" in claim:
            left = {key: claim["left"][key] for key in claim["left"] if key != "checkpoint"}
            assert validate("claim", claim | {"left": left})
        else:
            assert validate("claim", {key: claim[key] for key in claim if key != "checkpoint"})


def test_a_recall_needs_its_class_and_no_other_measure_has_one():
    side = {"experiment": "b", "checkpoint": "last"}
    claim = {"statement": "s", "kind": "comparison", "left": side, "right": side}
    claim |= {"metric": "recall", "class": "sitting", "expected": "greater"}
    assert validate("claim", claim) == []
    assert validate("claim", {key: claim[key] for key in claim if key != "class"})
    assert validate("claim", claim | {"metric": "top_1"})


def test_a_table_is_of_one_experiment_or_of_several():
    table = {"title": "t", "kind": "top_k", "checkpoint": "last"}
    assert validate("table", table)
    assert validate("table", table | {"experiment": "a"}) == []
    assert validate("table", table | {"experiments": ["a", {"experiment": "b"}]}) == []
    assert validate("table", table | {"experiment": "a", "experiments": ["b"]})
