"""Verdicts of a ledger, corrected for multiple comparisons."""

import numpy as np
import pytest

from harmodels.evaluation.significance import replicates_to_decide
from harmodels.reporting.claims import claims_markdown
from tests.reporting.entries import evaluate_claims
from tests.reporting.test_claims import BETTER


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
    # Holm: the smallest of three p-values counts threefold, the second twice
    expected = close["p_value"] * [3, 2, 1]
    assert close["adjusted_p_value"].tolist() == pytest.approx(expected.tolist())


def test_an_undecided_claim_says_how_many_replicates_would_decide_it(close):
    needed = close["replicates_to_decide"]
    assert np.isnan(needed[0])
    assert needed[1:].tolist() == [
        replicates_to_decide(effect, 1 - 0.05 / 3) for effect in close["effect_size"][1:]
    ]
    assert f"about {needed[2]:.0f} replicates would decide" in claims_markdown(close)
