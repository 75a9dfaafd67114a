"""Verdicts of a ledger, corrected for multiple comparisons."""

import numpy as np
import pytest

from harmodels.evaluation.significance import replicates_to_decide
from harmodels.reporting.claims import claims_markdown
from harmodels.reporting.runs.parts import load_runs
from tests.reporting.entries import evaluate_claims
from tests.reporting.test_claims import BETTER


@pytest.fixture
def close(write_run, with_accuracy, tmp_path):
    """Best weights beat the last ones: clearly in experiment b, just so in c, and hardly in d."""
    gains = {"b": (0.3, 0.3, 0.4), "c": (0.1, 0.2, 0.2), "d": (0.1, 0.0, 0.1)}
    folders = [
        write_run(
            tmp_path,
            name,
            {"hidden": 50},
            predictions=with_accuracy(
                {"last": dict.fromkeys(range(3), 0.5)}
                | {"best": {r: 0.5 + gain for r, gain in enumerate(each)}}
            ),
        )
        for name, each in gains.items()
    ]
    sides = {
        name: {
            side: {"experiment": name, "checkpoint": checkpoint}
            for side, checkpoint in (("left", "best"), ("right", "last"))
        }
        for name in gains
    }
    return evaluate_claims({n: BETTER | side for n, side in sides.items()}, load_runs(folders))


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
