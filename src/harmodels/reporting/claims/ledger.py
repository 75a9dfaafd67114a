"""Ledger of claims as files: CSV in full precision, Markdown for reading."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmodels.evaluation.claims import Verdict
from harmodels.evaluation.statistics import LEVEL
from harmodels.files import write_text
from harmodels.reporting.frames import csv_text, read_csv
from harmodels.reporting.tables.layout import MISSING, SIMULATED
from harmodels.reporting.tables.markdown import escape, pipe_table

EITHER_WAY = "difference either way"  # the quantity of a claim of no difference
DIVERGED = "replicates diverged"
LEDGER_COLUMNS = (
    "id",
    "statement",
    "verdict",
    "adjusted_verdict",
    "quantity",
    "value",
    "low",
    "high",
    "threshold",
    "n",
    "p_value",
    "adjusted_p_value",
    "effect_size",
    "replicates_to_decide",
    "published_verdict",
    "published_value",
    "published_source",
    "note",
    "simulated",
)


def write_claims(ledger: pd.DataFrame, stem: str | Path) -> None:
    """Write `<stem>.csv` in full precision and `<stem>.md` for reading."""
    for ending, text in claims_texts(ledger).items():
        write_text(f"{stem}.{ending}", text)


def claims_texts(ledger: pd.DataFrame) -> dict[str, str]:
    """Return the content of each file of the ledger, by ending."""
    return {
        "csv": csv_text(ledger),
        "md": claims_markdown(ledger),
    }


def read_claims_csv(path: str | Path) -> pd.DataFrame:
    """Read the ledger back from CSV."""
    return read_csv(path, LEDGER_COLUMNS)


def claims_markdown(ledger: pd.DataFrame) -> str:
    """Return the ledger as a Markdown table under a caption."""
    caption = ["**Claims of the report, judged over replicates.**", claims_caption()]
    if ledger["simulated"].any():
        caption.insert(1, SIMULATED)
    headings = ["Claim", "Alone", "Among all", "Measured", "Evidence", "Published", "Note"]
    rows = [
        [escape(cell) for cell in (statement, alone, among_all, measured, evidence, *rest)]
        for (statement, alone, measured, *rest), (among_all, evidence) in zip(
            claims_rows(ledger), claims_evidence(ledger), strict=True
        )
    ]
    return pipe_table(" ".join(caption), headings, [":---"] * len(headings), rows)


def claims_caption() -> str:
    """Return the sentence that explains the verdicts."""
    return (
        f"A claim holds, or does not, if the whole {LEVEL:.0%} interval over replicates lies on "
        "one side of the threshold; a claim of no difference holds if it lies inside the margin. "
        "Otherwise it is undecided. Of many claims some would be decided by luck: the verdict "
        "among all keeps the chance of even one false decision in this ledger below "
        f"{1 - LEVEL:.0%} (Holm's method). Effect: distance from the threshold in standard "
        "deviations over replicates. An undecided claim says how many replicates would decide it "
        "in four cases of five, if the effect is as large as it seems: an order of magnitude."
    ).replace("%", " %")


def claims_rows(ledger: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """Return statement, verdict, measured, published and note of each claim, as printed."""
    return [
        (
            str(row["statement"]),
            _verdict_text(row),
            _measured_text(row),
            _published_text(row),
            _text(row["note"]),
        )
        for row in ledger.to_dict("records")
    ]


def claims_evidence(ledger: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the verdict among all claims and the evidence of each claim, as printed."""
    return [
        (str(row["adjusted_verdict"]), _evidence_text(row)) for row in ledger.to_dict("records")
    ]


def _verdict_text(row: Mapping[Any, Any]) -> str:
    """Return the verdict; one on the replicates that did not diverge says so."""
    note = _text(row["note"])
    return f"{row['verdict']} ({note})" if DIVERGED in note else str(row["verdict"])


def _measured_text(row: Mapping[Any, Any]) -> str:
    if row["n"] == 0:
        return MISSING
    text = f"{row['quantity']}: {_signed(row, row['value'])}"
    if row["n"] > 1:
        text += _interval_text(row)
    limit = "margin ±" if EITHER_WAY in str(row["quantity"]) else "threshold "
    return f"{text} ({limit}{row['threshold']:g}, {row['n']} replicates)"


def _interval_text(row: Mapping[Any, Any]) -> str:
    """Return the half width of a symmetric interval, the bounds of another one."""
    below, above = row["value"] - row["low"], row["high"] - row["value"]
    if abs(above - below) < 0.5e-3:
        return f" ± {above:.3f}"
    return f" [{_signed(row, row['low'])}, {_signed(row, row['high'])}]"


def _evidence_text(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["p_value"]):
        return MISSING
    text = f"p {_p_text(row['p_value'])}, among all {_p_text(row['adjusted_p_value'])}"
    effect = row["effect_size"]
    text += f"; effect {effect:+.1f}" if np.isfinite(effect) else "; all replicates agree"
    if not pd.isna(row["replicates_to_decide"]):
        text += f"; about {row['replicates_to_decide']:,.0f} replicates would decide"
    elif row["adjusted_verdict"] == Verdict.UNDECIDED:
        text += "; a million replicates would not decide"
    return text


def _p_text(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _published_text(row: Mapping[Any, Any]) -> str:
    parts = [_text(row["published_verdict"])]
    if not pd.isna(row["published_value"]):
        parts.append(_signed(row, row["published_value"]))
    text = ", ".join(part for part in parts if part) or MISSING
    source = _text(row["published_source"])
    return f"{text} ({source})" if source else text


def _signed(row: Mapping[Any, Any], value: float) -> str:
    return f"{value:+.3f}" if "difference" in str(row["quantity"]) else f"{value:.3f}"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
