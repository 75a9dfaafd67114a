"""Ledger of claims: what a report states, and what our replicates say to it.

The kinds of claims are in files by what they are about, each with its keys, their check and its
judgement.
"""

from harmodels.reporting.claims.classes import ConfusedPair, HighestRecall, MistakenFor, Recall
from harmodels.reporting.claims.comparison import Comparison, Equivalence
from harmodels.reporting.claims.configurations import Best, Interaction, Threshold
from harmodels.reporting.claims.judge import judge_claims
from harmodels.reporting.claims.ledger import (
    LEDGER_COLUMNS,
    claims_caption,
    claims_evidence,
    claims_markdown,
    claims_rows,
    claims_texts,
    read_claims_csv,
    write_claims,
)
from harmodels.reporting.claims.lines import Straight, Trend
from harmodels.reporting.claims.spec import ClaimSpec

__all__ = [
    "LEDGER_COLUMNS",
    "Best",
    "ClaimSpec",
    "Comparison",
    "ConfusedPair",
    "Equivalence",
    "HighestRecall",
    "Interaction",
    "MistakenFor",
    "Recall",
    "Straight",
    "Threshold",
    "Trend",
    "claims_caption",
    "claims_evidence",
    "claims_markdown",
    "claims_rows",
    "claims_texts",
    "judge_claims",
    "read_claims_csv",
    "write_claims",
]
