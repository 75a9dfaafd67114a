"""Verdicts of a ledger, corrected for multiple comparisons."""

import numpy as np
import pytest

from harmodels.reporting.claims import Families, claims_evidence, claims_markdown
from tests.reporting.entries import evaluate_claims
from tests.reporting.test_claims import BETTER, ENOUGH, make_two


@pytest.fixture
def close(runs_with):
    """Best weights beat the last ones: clearly in experiment b, just so in c, and hardly in d."""
    gains = {"b": (0.3, 0.3, 0.4), "c": (0.1, 0.2, 0.2), "d": (0.1, 0.0, 0.1)}
    runs, claims = {}, {}
    for name, gain in gains.items():
        best = {r: 0.5 + each for r, each in enumerate(gain)}
        runs |= runs_with({50: {"last": dict.fromkeys(range(3), 0.5), "best": best}}, name)
        sides = {side: BETTER[side] | {"experiment": name} for side in ("left", "right")}
        claims[name] = BETTER | sides
    return evaluate_claims(claims, runs)


def test_a_verdict_among_all_claims_is_stricter_than_alone(close):
    assert close["verdict"].tolist() == ["holds", "holds", "undecided"]
    assert close["adjusted_verdict"].tolist() == ["holds", "undecided", "undecided"]
    assert close["adjusted_p_value"].tolist() == pytest.approx((close["p_value"] * 1.5).tolist())


def test_an_undecided_claim_says_which_difference_would_have_been_decided(close):
    for (verdict, evidence), effect in zip(
        claims_evidence(close), close["detectable"], strict=True
    ):
        said = f"; {effect:.2g} would have been decided"
        assert evidence.endswith(said) == (verdict == "undecided")


def test_what_no_share_can_reach_is_not_given_as_detectable(close):
    evidence = claims_evidence(close.assign(adjusted_verdict="undecided", detectable=np.inf))
    assert all(text.endswith("; no difference would have been decided") for _, text in evidence)


def judged(close_claims, **families):
    return evaluate_claims(*close_claims, families=Families(**families))


@pytest.fixture
def claims_and_runs(runs_with):
    return {"a": BETTER, "b": BETTER}, make_two(runs_with, ENOUGH)


def test_primary_claims_are_a_family_of_their_own(claims_and_runs):
    ledger = judged(claims_and_runs, primary=("a",), primary_tests=66, other_tests=20)
    assert ledger["family"].tolist() == ["primary", "other"]
    p = ledger["p_value"]
    assert ledger["adjusted_p_value"].tolist() == pytest.approx(
        [min(1, 33 * p[0]), min(1, 10 * p[1])]
    )
    assert "the 66 primary claims of all reports" in claims_markdown(ledger)
    assert "the 20 other claims of all reports" in claims_markdown(ledger)


def test_a_ledger_names_its_protocol_and_its_commit(claims_and_runs):
    named = {"protocol": "one, commit 0123456789"}
    text = claims_markdown(judged(claims_and_runs, **named, primary=("a",), primary_tests=66))
    assert "Judged by the protocol one, commit 0123456789, which was settled before" in text
    why = "it has 3 replicates, the protocol 22"
    text = claims_markdown(judged(claims_and_runs, **named, exploratory=why, other_tests=2))
    assert f"Exploratory, not the run of the protocol one, commit 0123456789: {why}." in text
    assert "protocol" not in claims_markdown(judged(claims_and_runs, other_tests=2))


def test_a_claim_about_other_recordings_carries_over_or_does_not(claims_and_runs):
    here, elsewhere = (judged(claims_and_runs, transfer=on, other_tests=1) for on in (False, True))
    assert here["verdict"].tolist() == elsewhere["verdict"].tolist() == ["holds", "holds"]
    assert "| holds | holds |" in claims_markdown(here)
    assert "Transfer: the report was written about other recordings" in claims_markdown(elsewhere)
    assert "| carries over | carries over |" in claims_markdown(elsewhere)
