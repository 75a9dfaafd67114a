"""Simulated decisions, few of them; `python -m benchmarks.decisions` simulates more."""

from types import SimpleNamespace

import pytest

from benchmarks.decisions import claims_of, false_decisions, power, protocol_of
from harmodels.assets import root


def claim(kind, configurations=8):
    return SimpleNamespace(kind=kind, configurations=configurations)


def test_all_claims_of_the_reports_are_simulated():
    protocol = protocol_of(root())
    primary, others = claims_of(root(), protocol)
    assert (len(primary), len(others)) == (protocol.primary, 29)
    assert all(each.configurations > 0 for each in primary + others)


@pytest.mark.parametrize("stuck", [0.0, 0.1])
def test_false_decisions_are_as_rare_as_promised(stuck):
    claims = [claim(kind) for kind in ["comparison"] * 20 + ["majority"] * 5 + ["count"] * 5]
    studies = false_decisions(claims, 22, stuck, 60).any(axis=1)
    assert studies.mean() <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_one_standard_deviation_is_decided_four_times_of_five():
    assert 0.75 < power(claim("comparison"), 22, 66, 1.0, 300) < 0.93
