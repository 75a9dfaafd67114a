from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harmodels.records.run import RunRecord
from harmodels.reporting.claims import ClaimSpec, read_claims_csv
from harmodels.reporting.page.products import ADJUSTED, page_claims, page_tables
from harmodels.reporting.page.summary import (
    best_model,
    data_line,
    findings,
    machine_line,
    pairs,
    unit_line,
    verdict_counts,
)
from tests.run_files import RUN

CLAIM = {
    "statement": "s",
    "kind": "comparison",
    "left": {"experiment": "b", "checkpoint": "best"},
    "right": {"experiment": "b", "checkpoint": "last"},
    "metric": "top_1",
    "expected": "greater",
}
LOSS = {
    "statement": "s",
    "kind": "threshold",
    "experiment": "b",
    "metric": "min_loss",
    "loss": {"split": "train", "metric": "cross_entropy"},
    "threshold": 1,
    "expected": "greater",
}


def ledger_of(verdicts, **columns):
    size = len(verdicts)
    usual = {
        "id": [f"claim{i}" for i in range(size)],
        "statement": [f"Claim {i}" for i in range(size)],
        "quantity": "Top-1, difference",
        "value": 0.1,
        "low": 0.0,
        "high": 0.2,
        "threshold": 0.0,
        "n": 3,
        "adjusted_verdict": verdicts,
        "p_value": np.nan,
        "published_verdict": "holds",
        "published_value": np.nan,
        "published_source": "",
        "note": "",
        "simulated": False,
    }
    return pd.DataFrame({**usual, "verdict": verdicts, **columns})


@pytest.fixture
def found(section):
    """Return the identities of the findings in a ledger of such verdicts."""

    def find(verdicts, losses=(), **columns):
        ledger = ledger_of(verdicts, **columns)
        made = section()
        claims = {n: LOSS if n in losses else CLAIM for n in ledger["id"]}
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


def test_findings_are_the_largest_effects_among_the_decided(found):
    values = [0.1, 0.9, -0.5, 0.3, 0.2]
    verdicts = ["holds", "undecided", "does not hold", "holds", "holds"]
    assert found(verdicts, value=values) == ["claim2", "claim3", "claim4"]


def test_the_effect_of_a_finding_is_measured_from_its_threshold(found):
    assert found(["holds", "holds"], value=[0.9, 0.5], threshold=[0.85, 0.1]) == [
        "claim1",
        "claim0",
    ]


def test_a_claim_about_a_loss_is_no_finding_beside_shares(found):
    assert found(["holds", "holds"], losses=["claim0"], value=[7.0, 0.1]) == ["claim1"]


def test_a_verdict_that_falls_when_corrected_is_no_finding(found):
    assert found(["holds", "holds"], adjusted_verdict=["undecided", "holds"]) == ["claim1"]


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
    card = {
        "sequences": 12345,
        "subjects": {"train": {"1": 5, "2": 5}, "test": {"3": 5}},
        "classes": ["a", "b"],
        "rate_hz": 50.0,
        "counts": {"test": {"a": 2, "b": 3}, "train": {"a": 10, "b": 4}},
    }
    assert data_line(card) == (
        "12,345 sequences, 3 people, 2 classes, 50 Hz, 14 to train, 5 to test"
    )
    assert "people not named" in data_line({"sequences": 3})
    whole = card | {"counts": {"all": {"a": 12, "b": 7}}}
    assert data_line(whole) == "12,345 sequences, 3 people, 2 classes, 50 Hz"


def test_the_units_in_which_networks_read_accelerations_in_a_line():
    runs = [RunRecord.read(RUN | {"unit": unit}) for unit in ("m/s²", "g", "m/s²", None)]
    assert unit_line(runs) == "accelerations read in m/s² and g"
    assert unit_line(runs[-1:]) == ""


def test_machines_and_versions_in_a_line_each_once():
    known = {
        "hardware": {"processor": "Toy 9000", "cores": 2},
        "engine": "compiled",
        "versions": {"torch": "2", "numba": "1", "python": "3"},
    }
    run = RunRecord.read(RUN | known)
    assert machine_line([run, run]) == (
        "Toy 9000, 2 cores, CPU, compiled engine; torch 2, numba 1, python 3"
    )
