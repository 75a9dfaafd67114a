"""Judgement of all claims of a report together, over our replicates and the published data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harmodels.errors import ConfigurationError
from harmodels.evaluation.claims import Judgement, Verdict, adjusted_verdict
from harmodels.evaluation.significance import adjust, detectable_effect
from harmodels.reporting.claims.families import Families
from harmodels.reporting.claims.ledger import LEDGER_COLUMNS
from harmodels.reporting.claims.spec import ClaimSpec, Evidence
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.published import counterparts
from harmodels.reporting.sources import Sources


def judge_claims(
    claims: Mapping[str, ClaimSpec], given: Sources, families: Families | None = None
) -> pd.DataFrame:
    """Judge every claim of a report; one row a claim, columns `LEDGER_COLUMNS`.

    What the report published of the experiments is judged by the same code as a single replicate,
    whose value decides by its side of the threshold. `families` are the claims that a verdict is
    corrected for; by default those of the ledger. Raises ConfigurationError, which names the
    claim, if a key of `where` does not exist or nothing agrees with it.
    """
    among = Families(other_tests=len(claims)) if families is None else families
    found = {}
    for name, spec in claims.items():
        try:
            found[name] = spec.judge(given)
        except ConfigurationError as error:
            raise ConfigurationError(f"claim {name!r}: {error}") from error
    theirs = counterparts(given.runs, given.published)
    simulated = any(run.simulated for group in given.runs.values() for run in group)
    rows = [
        _row(name, claims[name], evidence, simulated)
        | _published(claims[name], theirs)
        | _corrected(name, claims[name], evidence.judgement, among)
        for name, evidence in found.items()
    ]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def _corrected(name: str, spec: ClaimSpec, judgement: Judgement, among: Families) -> dict[str, Any]:
    """Return what a claim's row says of it as one of a family."""
    tests = among.tests(name)
    detectable = detectable_effect(judgement.error, judgement.degrees, tests)
    (adjusted,) = adjust([judgement.p_value], tests)
    family = "primary" if name in among.primary else "other"
    return {
        "family": family if among.primary else "all",
        "tests": tests,
        "adjusted_verdict": str(adjusted_verdict(judgement, adjusted)),
        "p_value": judgement.p_value,
        "adjusted_p_value": adjusted,
        "effect_size": judgement.effect,
        # no share is farther than 1 from another
        "detectable": np.inf if spec.of_shares and detectable > 1 else detectable,
        "protocol": among.protocol,
        "exploratory": among.exploratory,
        "transfer": among.transfer,
    }


def _row(name: str, spec: ClaimSpec, evidence: Evidence, simulated: bool) -> dict[str, Any]:
    judgement = evidence.judgement
    return {
        "id": name,
        "statement": spec.statement,
        "verdict": str(judgement.verdict),
        "quantity": evidence.quantity,
        "value": judgement.interval.mean,
        "low": judgement.interval.low,
        "high": judgement.interval.high,
        "threshold": judgement.threshold,
        "over": judgement.over,
        "n": judgement.interval.n,
        "note": evidence.note,
        "simulated": simulated,
    }


def _published(spec: ClaimSpec, theirs: Runs) -> dict[str, Any]:
    """Return what published data say to a claim, or without them what the configuration says."""
    typed = spec.published
    judgement = _judge_published(spec, theirs)
    verdict = "" if typed is None else str(typed.verdict or "")
    value = None if typed is None else typed.value
    if judgement is not None:
        value = judgement.interval.mean
        holds = spec.holds(value, judgement.threshold)
        verdict = str(Verdict.HOLDS if holds else Verdict.FAILS)
    return {
        "published_verdict": verdict,
        "published_value": np.nan if value is None else value,
        "published_source": "" if typed is None else typed.source or "",
    }


def _judge_published(spec: ClaimSpec, theirs: Runs) -> Judgement | None:
    """Return the judgement over one published replicate; None where data are missing."""
    if not all(theirs.get(name) for name in spec.needs):
        return None
    try:
        judgement = spec.judge(Sources(theirs)).judgement
    except ConfigurationError:  # ours has what the claim names, and the published data have not
        return None
    return judgement if judgement.interval.n else None
