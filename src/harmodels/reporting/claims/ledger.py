"""Ledger of claims as files: CSV in full precision, Markdown for reading."""

import math
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
    "over",
    "n",
    "family",
    "tests",
    "p_value",
    "adjusted_p_value",
    "effect_size",
    "detectable",
    "published_verdict",
    "published_value",
    "published_source",
    "note",
    "protocol",
    "exploratory",
    "transfer",
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
    caption = ["**Claims of the report, judged over replicates.**", claims_caption(ledger)]
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


def claims_caption(ledger: pd.DataFrame) -> str:
    """Return the sentences that explain the verdicts of a ledger."""
    sizes = dict(zip(ledger["family"], ledger["tests"], strict=True))
    among = {
        "primary": "the {} primary claims of all reports",
        "other": "the {} other claims of all reports, most of them ours",
        "all": "all {} claims of this run",
    }
    families = [among[name].format(sizes[name]) for name in among if sizes.get(name, 0)]
    sentences = [_about_protocol(ledger), _about_transfer(ledger)] if len(ledger) else []
    sentences += [
        f"A claim alone is decided at a p-value of {1 - LEVEL:.0%}. Of many claims some would be "
        "decided by luck: the verdict among all keeps the chance of even one false decision among "
        f"{', and among '.join(families)} below {1 - LEVEL:.0%} (Bonferroni's bound).",
        "Effect: distance from the threshold in standard deviations over replicates. An undecided "
        "claim says which distance would have been decided in four cases of five.",
    ]
    return " ".join(text for text in sentences if text).replace("%", " %")


def _about_protocol(ledger: pd.DataFrame) -> str:
    protocol, why = (_text(ledger[name].iloc[0]) for name in ("protocol", "exploratory"))
    if not protocol:
        return ""
    if why:
        return f"Exploratory, not the run of the protocol {protocol}: {why}."
    return f"Judged by the protocol {protocol}, which was settled before the run."


def _about_transfer(ledger: pd.DataFrame) -> str:
    if not ledger["transfer"].any():
        return ""
    return (
        "Transfer: the report was written about other recordings, so a verdict says whether its "
        "claim carries over to these, and not whether it was right about its own."
    )


def verdict_words(verdict: str, transfer: bool) -> str:
    """Return a verdict in words, which differ for a claim about other recordings.

    Examples
    --------
    >>> verdict_words("does not hold", transfer=True)
    'does not carry over'
    """
    carried = {"holds": "carries over", "does not hold": "does not carry over"}
    return carried.get(verdict, verdict) if transfer else verdict


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
        (verdict_words(str(row["adjusted_verdict"]), row["transfer"]), _evidence_text(row))
        for row in ledger.to_dict("records")
    ]


def _verdict_text(row: Mapping[Any, Any]) -> str:
    """Return the verdict; one on the replicates that did not diverge says so."""
    note, words = _text(row["note"]), verdict_words(str(row["verdict"]), row["transfer"])
    return f"{words} ({note})" if DIVERGED in note else words


def _measured_text(row: Mapping[Any, Any]) -> str:
    if row["n"] == 0:
        return MISSING
    text = f"{row['quantity']}: {_signed(row, row['value'], _decimals(row))}"
    if row["n"] > 1:
        text += _interval_text(row)
    people = ", over seeds and people" if "people" in row["over"] else ""
    limit = "margin ±" if EITHER_WAY in str(row["quantity"]) else "threshold "
    return f"{text} ({limit}{row['threshold']:g}, {row['n']} replicates{people})"


def _interval_text(row: Mapping[Any, Any]) -> str:
    """Return the half width of a symmetric interval, the bounds of another one."""
    below, above = row["value"] - row["low"], row["high"] - row["value"]
    decimals = _decimals(row)
    if abs(above - below) < 0.5 * 10**-decimals:
        return f" ± {above:.{decimals}f}"
    return f" [{_signed(row, row['low'], decimals)}, {_signed(row, row['high'], decimals)}]"


def _decimals(row: Mapping[Any, Any]) -> int:
    """Return as many decimals as show two digits of the interval's half width, 3 at least."""
    half = (row["high"] - row["low"]) / 2
    return max(3, 1 - math.floor(math.log10(half))) if half > 0 else 3


def _evidence_text(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["p_value"]):
        return MISSING
    text = f"p {_p_text(row['p_value'])}, among all {_p_text(row['adjusted_p_value'])}"
    if np.isfinite(row["effect_size"]):
        text += f"; effect {row['effect_size']:+.1f}"
    if row["adjusted_verdict"] == Verdict.UNDECIDED:
        text += f"; {_detectable_text(row['detectable'])}"
    return text


def _detectable_text(effect: float) -> str:
    if pd.isna(effect):
        return "all replicates agree"
    decided = "no difference" if np.isinf(effect) else f"{effect:.2g}"
    return f"{decided} would have been decided"


def _p_text(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _published_text(row: Mapping[Any, Any]) -> str:
    parts = [_text(row["published_verdict"])]
    if not pd.isna(row["published_value"]):
        parts.append(_signed(row, row["published_value"]))
    text = ", ".join(part for part in parts if part) or MISSING
    source = _text(row["published_source"])
    return f"{text} ({source})" if source else text


def _signed(row: Mapping[Any, Any], value: float, decimals: int = 3) -> str:
    sign = "+" if "difference" in str(row["quantity"]) else ""
    return f"{value:{sign}.{decimals}f}"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
