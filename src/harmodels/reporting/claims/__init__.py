"""Ledger of claims: what a report states, and what our replicates say to it."""

from harmodels.reporting.claims.judge import evaluate_claims
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

__all__ = [
    "LEDGER_COLUMNS",
    "claims_caption",
    "claims_evidence",
    "claims_markdown",
    "claims_rows",
    "claims_texts",
    "evaluate_claims",
    "read_claims_csv",
    "write_claims",
]
