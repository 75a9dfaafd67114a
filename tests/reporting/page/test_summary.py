from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harmodels.records.run import RunRecord
from harmodels.reporting.claims import ClaimSpec, read_claims_csv
from harmodels.reporting.page.products import ADJUSTED, page_claims, page_tables
from harmodels.reporting.page.sections import ReportSection, SectionSpec
from harmodels.reporting.page.summary import (
    best_model,
    data_line,
    findings,
    machine_line,
    pairs,
    people_line,
    unit_line,
    verdict_counts,
)
from tests.reporting.test_claims import BETTER
from tests.run_files import RUN

LOSS = {"statement": "s", "kind": "threshold", "experiment": "b", "metric": "min_loss"}
LOSS |= {"loss": {"split": "train", "metric": "cross_entropy"}, "threshold": 1}
LOSS |= {"expected": "greater"}


def ledger_of(verdicts, **columns):
    names = range(len(verdicts))
    usual = {"id": [f"claim{i}" for i in names], "statement": [f"Claim {i}" for i in names]}
    usual |= {"quantity": "Top-1, difference", "value": 0.1, "low": 0.0, "high": 0.2}
    usual |= {"threshold": 0.0, "n": 3, "published_verdict": "holds", "published_value": np.nan}
    usual |= {"published_source": "", "note": "", "simulated": False}
    usual |= {
        "adjusted_verdict": verdicts,
        "p_value": np.nan,
        "transfer": False,
        "over": "seeds",
        "family": "all",
    }
    return pd.DataFrame({**usual, "verdict": verdicts, **columns})


@pytest.fixture
def found(section):
    """Return the identities of the findings in a ledger of such verdicts."""

    def find(verdicts, losses=(), **columns):
        ledger = ledger_of(verdicts, **columns)
        made = section()
        claims = {n: LOSS if n in losses else BETTER for n in ledger["id"]}
        made = replace(made, spec=made.spec.replaced(claims=ClaimSpec.read_all(claims)))
        items = findings(made, ledger, page_claims(made, ledger))
        return [item.anchor.rpartition("-")[2] for item in items]

    return find


def test_verdicts_are_counted(section):
    made = section()
    assert sum(verdict_counts(read_claims_csv(made.folder / "claims.csv")).values()) == 1
    counts = verdict_counts(ledger_of(["holds", "undecided", "holds"]))
    assert counts == {"holds": 2, "does not hold": 0, "undecided": 1}


def test_corrected_verdicts_are_counted():
    corrected = ledger_of(["holds", "holds"], adjusted_verdict=["holds", "undecided"])
    counts = verdict_counts(corrected, ADJUSTED)
    assert counts == {"holds": 1, "does not hold": 0, "undecided": 1}


@pytest.mark.parametrize(
    ("verdicts", "columns", "expected"),
    [
        # the largest effects among the decided
        ("h?-hh", {"value": [0.1, 0.9, -0.5, 0.3, 0.2]}, ["claim2", "claim3", "claim4"]),
        # an effect is measured from its threshold
        ("hh", {"value": [0.9, 0.5], "threshold": [0.85, 0.1]}, ["claim1", "claim0"]),
        # a claim about a loss is none beside shares
        ("hh", {"losses": ["claim0"], "value": [7.0, 0.1]}, ["claim1"]),
        # nor is a verdict that falls when corrected
        ("hh", {"adjusted_verdict": ["undecided", "holds"]}, ["claim1"]),
    ],
)
def test_findings_are_the_largest_effects(found, verdicts, columns, expected):
    words = {"h": "holds", "?": "undecided", "-": "does not hold"}
    assert found([words[each] for each in verdicts], **columns) == expected


def test_the_best_model_is_that_of_the_highest_published_number(section):
    best = best_model(page_tables(section()))
    assert best.name == "hidden units 100"
    assert best.pair.published == 0.7
    assert best.pair.low <= best.pair.value <= best.pair.high
    assert best.table == "Table 1"


def test_a_number_that_two_tables_repeat_is_one_dot(section):
    tables = page_tables(section())
    assert len(pairs([*tables, *tables])) == len(pairs(tables)) == 2


def test_a_data_set_in_a_line():
    people = {"train": {"1": 5, "2": 5}, "test": {"3": 5}}
    card = {"sequences": 12345, "subjects": people, "classes": ["a", "b"], "rate_hz": 50.0}
    counts = {"test": {"a": 2, "b": 3}, "train": {"a": 10, "b": 4}}
    line = "12,345 sequences, 3 people, 2 classes, 50 Hz"
    assert data_line(card | {"counts": counts}) == f"{line}, 14 to train, 5 to test"
    assert data_line(card | {"counts": {"all": {"a": 12, "b": 7}}}) == line
    assert "people not named" in data_line({"sequences": 3})


HALVES = {"counts": {"train": {"a": 2}, "test": {"a": 1}}, "subjects": {"train": {"1": 2}}}
ONE = {"counts": {"all": {"a": 3}}, "subjects": {"all": {"1": 1, "2": 2}}}
NAMELESS = {"counts": {"all": {"a": 3}}, "subjects": {"all": {}}}
MAY = "people tested may be trained on as well"
LEAVING = ["subjects", "leave_one_subject_out"]


@pytest.mark.parametrize(
    ("protocols", "card", "line"),
    [
        (["random"], ONE, MAY),
        (["per_class"], ONE, MAY),
        (["random", *LEAVING], ONE, f"{MAY} in e0"),
        (LEAVING, ONE, ""),
        ([["official", "subjects"]], HALVES | {"subjects_in_both": []}, ""),
        ([["official", "subjects"]], HALVES | {"subjects_in_both": ["1"]}, MAY),
        ([["official", "subjects"]], ONE, ""),
        ([["official", "per_class"], "subjects"], ONE, f"{MAY} in e0"),
        ([["official", "per_class"]], HALVES, ""),
        ([["subjects", "random"]], NAMELESS, MAY),
        ([["subjects", "random"]], ONE, ""),
        ([], ONE, ""),
    ],
)
def test_the_experiments_that_may_be_tested_on_people_of_the_training_in_a_line(
    protocols, card, line
):
    named = {f"e{number}": each for number, each in enumerate(protocols)}
    section = ReportSection("r", "d", SectionSpec(), Path(), [], protocols=named)
    assert people_line(section, card) == line


def test_the_units_in_which_networks_read_accelerations_in_a_line():
    runs = [RunRecord.read(RUN | {"unit": unit}) for unit in ("m/s²", "g", "m/s²", None)]
    assert unit_line(runs) == "accelerations read in m/s² and g"
    assert unit_line(runs[-1:]) == ""


def test_machines_and_versions_in_a_line_each_once():
    known = {"hardware": {"processor": "Toy 9000", "cores": 2}, "engine": "compiled"}
    versions = {"torch": "2", "numba": "1", "python": "3"}
    run = RunRecord.read(RUN | known | {"versions": versions})
    assert machine_line([run, run]) == (
        "Toy 9000, 2 cores, CPU, compiled engine; torch 2, numba 1, python 3"
    )
