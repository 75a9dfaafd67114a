"""Ledger of claims: what a report states, and what our replicates say to it.

The kinds of claims are in files by what they are about, each with its keys, their check and its
judgement.
"""

from harmodels.reporting.claims import (  # noqa: F401 - each makes its kinds known
    classes,
    comparison,
    configurations,
    lines,
)
from harmodels.reporting.claims.families import Families
from harmodels.reporting.claims.judge import judge_claims
from harmodels.reporting.claims.ledger import (
    claims_caption,
    claims_evidence,
    claims_markdown,
    claims_rows,
    claims_texts,
    read_claims_csv,
    verdict_words,
    write_claims,
)
from harmodels.reporting.claims.spec import ClaimSpec

__all__ = [
    "ClaimSpec",
    "Families",
    "claims_caption",
    "claims_evidence",
    "claims_markdown",
    "claims_rows",
    "claims_texts",
    "judge_claims",
    "read_claims_csv",
    "verdict_words",
    "write_claims",
]
